import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.8 */
export function help(session: SmtpSession): void {
  session.countJunk();
  session.reply(214, '2.0.0', 'See RFC 5321');
}
