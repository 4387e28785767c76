import { SmtpError } from '../../smtp/smtp-error.ts';
import { FatalSmtpError } from '../fatal-smtp-error.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 3207 */
export async function starttls(session: SmtpSession, argument: string): Promise<void> {
  const { connection, listener } = session;
  if (argument !== '') throw new SmtpError(501, '5.5.4', 'Syntax: STARTTLS');
  if (connection.tls !== undefined) throw new SmtpError(503, '5.5.1', 'TLS is on already');
  if (listener.tls !== 'starttls' || listener.acceptor === undefined) {
    throw new SmtpError(502, '5.5.1', 'TLS is not offered here');
  }
  // RFC 3207 §4: the client waits for our reply. What is here already was put in by somebody who wants it to be taken for what
  // the client says under TLS.
  if (connection.reader.unreadBytes > 0) {
    throw new FatalSmtpError(554, '5.5.0', 'Nothing may follow STARTTLS before its reply');
  }
  await session.resetTransaction();
  session.reply(220, '2.0.0', 'Go ahead');
  await connection.flush();
  await session.startTls();
}
