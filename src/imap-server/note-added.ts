import type { Account } from '../store/account.ts';
import type { Session } from './session.ts';

/** Notes that the client itself has added messages to a mailbox: NOTIFY tells it what others do. Source: RFC 5465 §5, §5.2 */
export function noteAdded(session: Session, account: Account, mailboxId: number, modseq: number): void {
  if (account.name === session.mail.name) session.notifications?.noteOwn(mailboxId, modseq);
  if (session.hasSelected(account, mailboxId)) session.selected?.noteOwnAdded(modseq);
}
