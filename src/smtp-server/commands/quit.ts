import { SmtpError } from '../../smtp/smtp-error.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.10 */
export function quit(session: SmtpSession, argument: string): void {
  if (argument !== '') throw new SmtpError(501, '5.5.4', 'Syntax: QUIT');
  session.reply(221, '2.0.0', 'Goodbye');
  session.ending = true;
}
