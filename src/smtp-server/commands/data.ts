import { SmtpError } from '../../smtp/smtp-error.ts';
import { acceptMessage } from '../accept-message.ts';
import { receiveData } from '../receive-data.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.4 */
export async function data(session: SmtpSession, argument: string): Promise<void> {
  const { transaction, server } = session;
  if (argument !== '') throw new SmtpError(501, '5.5.4', 'Syntax: DATA');
  if (transaction === undefined || transaction.chunked !== undefined)
    throw new SmtpError(503, '5.5.1', 'MAIL comes first');
  if (transaction.recipients.length === 0) throw new SmtpError(554, '5.5.1', 'No valid recipients');
  // RFC 3030 §3: binary messages come by BDAT only.
  if (transaction.mail.body === 'BINARYMIME') throw new SmtpError(503, '5.5.1', 'BODY=BINARYMIME needs BDAT');
  // The file is opened while the client reads the reply.
  await using receiver = session.startMessage();
  session.reply(354, undefined, 'End data with <CRLF>.<CRLF>');
  await session.connection.flush();
  try {
    await receiveData(session.connection.reader, receiver, server);
    await acceptMessage(session, transaction, receiver);
  } finally {
    await session.resetTransaction();
  }
}
