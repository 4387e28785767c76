import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.9 */
export function noop(session: SmtpSession): void {
  session.countJunk();
  session.reply(250, '2.0.0', 'OK');
}
