import { requestedReply } from '../../delivery/requested-reply.ts';
import { parseMailCommand } from '../../smtp/mail-command.ts';
import { SmtpError } from '../../smtp/smtp-error.ts';
import { giveRequestedReply } from '../give-requested-reply.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.2 */
export async function mail(session: SmtpSession, argument: string): Promise<void> {
  const { connection, hello, listener, server, identity } = session;
  const { options, limits } = server;
  const submission = listener.kind === 'submission';
  if (hello === undefined) throw new SmtpError(503, '5.5.1', 'EHLO or HELO comes first');
  if (session.transaction !== undefined) throw new SmtpError(503, '5.5.1', 'A transaction has begun already');
  if (submission && identity === undefined) {
    const needsTls = connection.tls === undefined && listener.allowPlaintextAuth !== true;
    // RFC 3207 §4, RFC 4954 §6.
    throw new SmtpError(530, needsTls ? '5.7.10' : '5.7.0', needsTls ? 'STARTTLS comes first' : 'AUTH comes first');
  }
  const now = options.clock.now();
  const command = parseMailCommand(
    argument,
    { auth: submission, requireTls: connection.tls !== undefined, futureRelease: submission },
    now,
  );
  if (command.sizeBytes !== undefined && command.sizeBytes > limits.messageBytes) {
    throw new SmtpError(552, '5.3.4', `The message is too large: at most ${limits.messageBytes} bytes are accepted`);
  }
  if (command.holdUntil !== undefined && command.holdUntil > now + limits.smtpHoldMs) {
    throw new SmtpError(501, '5.5.4', 'That is too far ahead');
  }
  const { sender } = command;
  if (identity !== undefined && sender !== undefined) {
    if (!options.mayUseFrom(identity.account, `${sender.localpart}@${sender.domain}`)) {
      throw new SmtpError(550, '5.7.1', 'The sender address does not belong to your account');
    }
  }
  if (options.localServe && sender?.localpart.startsWith('mailfrom')) {
    await giveRequestedReply(session, requestedReply(sender.localpart));
  }
  session.transaction = { mail: command, recipients: [], chunked: undefined };
  session.reply(250, '2.1.0', 'Sender OK');
}
