import type { Session } from './session.ts';

/** Notes that the client itself has added messages to a mailbox: NOTIFY tells it what others do. Source: RFC 5465 §5, §5.2 */
export function noteAdded(session: Session, mailboxId: number, modseq: number): void {
  session.notifications?.noteOwn(mailboxId, modseq);
  if (session.selected?.id === mailboxId) session.selected.noteOwnAdded(modseq);
}
