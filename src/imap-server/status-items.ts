import type { ArgumentParser } from '../imap/argument-parser.ts';
import type { Account } from '../store/account.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { Session } from './session.ts';

/**
 * What STATUS tells. RFC 9051 §6.3.11; RFC 7162 §3.1.7 (HIGHESTMODSEQ), RFC 7889 §4 (APPENDLIMIT), RFC 8474 §4.3 (MAILBOXID), RFC 3501
 * (RECENT), RFC 9208 §4.1.4 (DELETED-STORAGE)
 */
const values = {
  MESSAGES: (mailbox: Mailbox) => mailbox.messages,
  UIDNEXT: (mailbox: Mailbox) => mailbox.uidNext,
  UIDVALIDITY: (mailbox: Mailbox) => mailbox.uidValidity,
  UNSEEN: (mailbox: Mailbox) => mailbox.unseen,
  DELETED: (mailbox: Mailbox) => mailbox.deleted,
  SIZE: (mailbox: Mailbox) => mailbox.sizeBytes,
  RECENT: () => 0,
  HIGHESTMODSEQ: (mailbox: Mailbox) => Math.max(mailbox.modseq, 1),
  MAILBOXID: (mailbox: Mailbox) => `(${mailbox.objectId})`,
  APPENDLIMIT: (_mailbox: Mailbox, session: Session) => session.server.limits.messageBytes,
  'DELETED-STORAGE': (_mailbox: Mailbox, _session: Session, deletedBytes: number) => deletedBytes,
};

export type StatusItem = keyof typeof values;

/** @throws ImapSyntaxError */
export function parseStatusItems(args: ArgumentParser): StatusItem[] {
  const items: StatusItem[] = [];
  args.list(() => {
    const name = args.word();
    if (!Object.hasOwn(values, name)) args.fail('Unknown status item');
    items.push(name as StatusItem);
  }, 1);
  return items;
}

/** @param deletedBytes what {@link deletedStorage} has found, where DELETED-STORAGE may be among the items */
export function statusText(session: Session, mailbox: Mailbox, items: readonly StatusItem[], deletedBytes = 0): string {
  return `(${items.map((item) => `${item} ${values[item](mailbox, session, deletedBytes)}`).join(' ')})`;
}

/** Bytes that EXPUNGE would free, if they are asked for. */
export async function deletedStorage(
  account: Account,
  mailbox: Mailbox,
  items: readonly StatusItem[],
): Promise<number> {
  if (mailbox.deleted === 0 || !items.includes('DELETED-STORAGE')) return 0;
  return await account.read((reader) => reader.mailboxes.deletedBytes(mailbox.id));
}
