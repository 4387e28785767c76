import { SmtpError } from '../../smtp/smtp-error.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §3.5.3 and §7.3: which addresses exist is told at RCPT only. */
export function vrfy(session: SmtpSession, argument: string): void {
  if (argument === '') throw new SmtpError(501, '5.5.4', 'Syntax: VRFY address');
  session.countJunk();
  session.reply(252, '2.5.1', 'Send mail to find out');
}
