import type { ArgumentParser } from '../imap/argument-parser.ts';
import type { Account } from '../store/account.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { Session } from './session.ts';

/** What has to be counted when it is asked for. */
interface Counts {
  readonly deletedBytes: number;
  readonly recent: number;
}

const nothing: Counts = { deletedBytes: 0, recent: 0 };

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
  RECENT: (_mailbox: Mailbox, _session: Session, { recent }: Counts) => recent,
  HIGHESTMODSEQ: (mailbox: Mailbox) => Math.max(mailbox.modseq, 1),
  MAILBOXID: (mailbox: Mailbox) => `(${mailbox.objectId})`,
  APPENDLIMIT: (_mailbox: Mailbox, session: Session) => session.server.limits.messageBytes,
  'DELETED-STORAGE': (_mailbox: Mailbox, _session: Session, { deletedBytes }: Counts) => deletedBytes,
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

/** @param counts what {@link countForStatus} has found, where {@link needsCounting} */
export function statusText(
  session: Session,
  mailbox: Mailbox,
  items: readonly StatusItem[],
  counts: Counts = nothing,
): string {
  return `(${items.map((item) => `${item} ${values[item](mailbox, session, counts)}`).join(' ')})`;
}

/** Whether something is asked for that the mailbox does not tell by itself. */
export function needsCounting(session: Session, mailbox: Mailbox, items: readonly StatusItem[]): boolean {
  return asksDeleted(mailbox, items) || asksRecent(session, mailbox, items);
}

function asksDeleted(mailbox: Mailbox, items: readonly StatusItem[]): boolean {
  return mailbox.deleted > 0 && items.includes('DELETED-STORAGE');
}

/** In IMAP4rev2 there is no such thing. */
function asksRecent({ rev2 }: Session, mailbox: Mailbox, items: readonly StatusItem[]): boolean {
  return mailbox.messages > 0 && items.includes('RECENT') && !rev2;
}

/** Bytes that EXPUNGE would free, and messages that nobody was told of, if they are asked for. */
export async function countForStatus(
  session: Session,
  account: Account,
  mailbox: Mailbox,
  items: readonly StatusItem[],
): Promise<Counts> {
  let { deletedBytes, recent } = nothing;
  if (asksDeleted(mailbox, items)) {
    deletedBytes = await account.read((reader) => reader.mailboxes.deletedBytes(mailbox.id));
  }
  if (asksRecent(session, mailbox, items)) {
    const first = account.recent.first(mailbox.id, mailbox.recentUid);
    if (first < mailbox.uidNext) recent = await account.read((reader) => reader.mailboxes.countFrom(mailbox.id, first));
    // Of the selected mailbox the client has its own.
    const { selected } = session;
    if (selected !== undefined && session.hasSelected(account, mailbox.id)) {
      recent += selected.recent.count(selected.uids, first);
    }
  }
  return { deletedBytes, recent };
}
