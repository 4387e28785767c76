import { SmtpError } from '../../smtp/smtp-error.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.5 */
export async function rset(session: SmtpSession, argument: string): Promise<void> {
  if (argument !== '') throw new SmtpError(501, '5.5.4', 'Syntax: RSET');
  session.countJunk();
  await session.resetTransaction();
  session.reply(250, '2.0.0', 'OK');
}
