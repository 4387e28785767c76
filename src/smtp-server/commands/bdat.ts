import { LineEndChecker } from '../../smtp/line-end-checker.ts';
import { SmtpError } from '../../smtp/smtp-error.ts';
import { acceptMessage } from '../accept-message.ts';
import { bareLineEndInChunk } from '../bare-line-end.ts';
import { FatalSmtpError } from '../fatal-smtp-error.ts';
import type { MessageReceiver } from '../message-receiver.ts';
import { chunkTimeoutMs, dataDeadline } from '../receive-data.ts';
import type { SmtpSession } from '../smtp-session.ts';
import type { Transaction } from '../transaction.ts';

/** A message that comes in chunks. */
export class ChunkedMessage implements AsyncDisposable {
  readonly receiver: MessageReceiver;
  /** Undefined for BINARYMIME, where any byte may come. */
  readonly lineEnds: LineEndChecker | undefined;
  readonly deadline: number;

  constructor(receiver: MessageReceiver, binary: boolean, deadline: number) {
    this.receiver = receiver;
    this.lineEnds = binary ? undefined : new LineEndChecker();
    this.deadline = deadline;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.receiver[Symbol.asyncDispose]();
  }
}

/** RFC 3030 §2 */
export async function bdat(session: SmtpSession, argument: string): Promise<void> {
  const match = /^(\d{1,15})(?: (LAST))?$/i.exec(argument);
  // How many bytes follow is not known: the next of them would be taken for commands.
  if (match === null) throw new FatalSmtpError(501, '5.5.4', 'Syntax: BDAT size [LAST]');
  const sizeBytes = Number(match[1]);
  const { transaction, server } = session;
  if (transaction === undefined || transaction.recipients.length === 0) {
    await discard(session, sizeBytes);
    throw new SmtpError(503, '5.5.1', transaction === undefined ? 'MAIL comes first' : 'No valid recipients');
  }
  transaction.chunked ??= new ChunkedMessage(
    session.startMessage(),
    transaction.mail.body === 'BINARYMIME',
    dataDeadline(server),
  );
  const { chunked } = transaction;
  await receiveChunk(session, chunked, sizeBytes);
  try {
    if (match[2] !== undefined) {
      await finish(session, transaction, chunked);
      return;
    }
    await chunked.receiver.throwIfRefused();
  } catch (error) {
    await session.resetTransaction();
    throw error;
  }
  session.reply(250, '2.0.0', `${sizeBytes} bytes received`);
}

async function receiveChunk(session: SmtpSession, { receiver, lineEnds, deadline }: ChunkedMessage, sizeBytes: number) {
  let left = sizeBytes;
  while (left > 0) {
    const chunk = await session.connection.reader.readChunk(left, chunkTimeoutMs(session.server, deadline));
    left -= chunk.length;
    lineEnds?.push(chunk);
    if (lineEnds?.found) receiver.refuse(bareLineEndInChunk());
    await receiver.write([chunk]);
  }
}

async function finish(session: SmtpSession, transaction: Transaction, chunked: ChunkedMessage): Promise<void> {
  chunked.lineEnds?.finish();
  if (chunked.lineEnds?.found) chunked.receiver.refuse(bareLineEndInChunk());
  await acceptMessage(session, transaction, chunked.receiver);
  await session.resetTransaction();
}

/** RFC 3030 §2: the bytes of a refused chunk come all the same. */
async function discard(session: SmtpSession, sizeBytes: number): Promise<void> {
  const { limits } = session.server;
  if (sizeBytes > limits.smtpDiscardedBytes) throw new FatalSmtpError(503, '5.5.1', 'MAIL and RCPT come first');
  let left = sizeBytes;
  while (left > 0) left -= (await session.connection.reader.readChunk(left, limits.smtpDataChunkTimeoutMs)).length;
}
