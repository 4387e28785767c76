import { encodeMailboxName } from '../imap/mailbox-name.ts';
import { quote } from '../imap/quote.ts';
import type { ByteText } from '../message/structure.ts';
import type { Session } from './session.ts';

/**
 * What a LIST response adds when a client of IMAP4rev2 has written a name otherwise than it is kept: ` ("OLDNAME" ("…"))`, else nothing. INBOX is
 * one name in any case, and a delimiter at the end of one to be made is none of it.
 * Source: RFC 9051 §6.3.9.7, §5.1
 */
export function oldName(session: Session, supplied: ByteText, name: string): ByteText {
  if (!session.rev2) return '';
  const written = supplied.replace(/\/$/, '').replace(/^inbox(?=\/|$)/i, 'INBOX');
  if (written === encodeMailboxName(name, true)) return '';
  return ` ("OLDNAME" (${quote(supplied, true)}))`;
}

/** Tells it of the name that a command was given. Source: RFC 9051 §6.3.4, §6.3.5, §6.3.12 */
export function tellOldName(session: Session, supplied: ByteText, name: string, attributes = ''): void {
  const extended = oldName(session, supplied, name);
  if (extended !== '') session.untagged(`LIST (${attributes}) "/" ${session.quotedName(name)}${extended}`);
}
