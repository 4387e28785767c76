import type { ArgumentParser } from '../imap/argument-parser.ts';
import type { Mailbox } from '../store/account.ts';
import type { Session } from './session.ts';

/** What STATUS tells. RFC 9051 §6.3.11; RFC 7162 §3.1.7 (HIGHESTMODSEQ), RFC 7889 §4 (APPENDLIMIT), RFC 8474 §4.3 (MAILBOXID), RFC 3501 (RECENT) */
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

export function statusText(session: Session, mailbox: Mailbox, items: readonly StatusItem[]): string {
  return `(${items.map((item) => `${item} ${values[item](mailbox, session)}`).join(' ')})`;
}
