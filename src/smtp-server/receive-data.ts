import type { WireReader } from '../runtime/wire-reader.ts';
import { ReadTimeoutError } from '../runtime/wire-reader.ts';
import { DotUnstuffer } from '../smtp/dot-unstuffer.ts';
import { bareLineEndInData } from './bare-line-end.ts';
import type { MessageReceiver } from './message-receiver.ts';
import type { ServerState } from './server-state.ts';

/** Read at once; a socket gives at most this much. */
const chunkBytes = 64 * 1024;

/**
 * Reads a message after DATA, to its end and no further.
 * @throws SmtpError for what looks like an attempt to smuggle commands, ReadTimeoutError, ConnectionClosedError
 */
export async function receiveData(reader: WireReader, receiver: MessageReceiver, server: ServerState): Promise<void> {
  const unstuffer = new DotUnstuffer();
  const deadline = dataDeadline(server);
  let pieces: Buffer[] = [];
  const collect = (piece: Buffer): void => {
    if (piece.length > 0) pieces.push(piece);
  };
  for (;;) {
    const chunk = await reader.readChunk(chunkBytes, chunkTimeoutMs(server, deadline));
    const consumed = unstuffer.push(chunk, collect);
    if (unstuffer.bareLineEnd) receiver.refuse(bareLineEndInData());
    if (unstuffer.falseEnd) {
      // Its sender either waits for our reply, or the rest is commands that another server took for data.
      throw bareLineEndInData();
    }
    await receiver.write(pieces);
    if (consumed !== undefined) {
      reader.unread(chunk.subarray(consumed));
      return;
    }
    pieces = [];
  }
}

/** When the message that begins now must be here. */
export function dataDeadline({ limits, options }: ServerState): number {
  return options.clock.now() + limits.smtpDataTimeoutMs;
}

/** How long to wait for the next bytes of a message. @throws ReadTimeoutError after the deadline */
export function chunkTimeoutMs({ limits, options }: ServerState, deadline: number): number {
  const remaining = deadline - options.clock.now();
  if (remaining <= 0) throw new ReadTimeoutError(limits.smtpDataTimeoutMs);
  return Math.min(limits.smtpDataChunkTimeoutMs, remaining);
}
