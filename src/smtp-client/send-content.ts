import { once } from 'node:events';
import type { Socket } from 'node:net';
import { limits } from '../runtime/limits.ts';
import type { Reply } from '../smtp/reply.ts';
import type { Channel } from './channel.ts';
import { DotStuffer } from './dot-stuffer.ts';
import { SmtpSessionError } from './session-error.ts';
import type { SmtpTimeouts } from './timeouts.ts';

type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Sends the message after 354, at the pace at which the peer takes it, and reads the reply.
 * @throws SmtpSessionError; what reading the content throws, after closing the connection, so that the message isn't taken for whole
 */
export async function sendData(channel: Channel, content: Content, timeouts: SmtpTimeouts): Promise<Reply> {
  const stuffer = new DotStuffer();
  // The last chunk is kept back, so that a short message and its end go out together.
  let pieces: Uint8Array[] = [];
  for await (const chunk of guarded(channel, content)) {
    const early = pieces.length > 0 ? await writeAll(channel, pieces, timeouts) : undefined;
    if (early) return closing(channel, early);
    pieces = [];
    stuffer.push(chunk, pieces);
  }
  pieces.push(stuffer.end());
  const early = await writeAll(channel, pieces, timeouts);
  return early ? closing(channel, early) : finalReply(channel, timeouts);
}

/** Sends the message by BDAT, as it is. Source: RFC 3030 §2 */
export async function sendChunks(channel: Channel, content: Content, timeouts: SmtpTimeouts): Promise<Reply> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of guarded(channel, content)) {
    if (size > 0 && size + chunk.length > limits.smtpChunkBytes) {
      const early = await writeAll(channel, [Buffer.from(`BDAT ${size}\r\n`), ...pieces], timeouts);
      if (early) return closing(channel, early);
      const reply = await channel.reply(timeouts.dataBlock);
      if (reply.code >= 300) return reply;
      pieces = [];
      size = 0;
    }
    pieces.push(chunk);
    size += chunk.length;
  }
  const early = await writeAll(channel, [Buffer.from(`BDAT ${size} LAST\r\n`), ...pieces], timeouts);
  return early ? closing(channel, early) : finalReply(channel, timeouts);
}

/** Closes the connection when the content can't be read, so that the peer doesn't take what it has for the whole. */
async function* guarded(channel: Channel, content: Content): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    channel.destroy();
    throw error;
  }
}

/** Whatever the peer said, it can't have accepted what it hasn't got. */
function closing(channel: Channel, early: Reply): Reply {
  channel.destroy();
  return early.code >= 400 ? early : { code: 451, enhancedCode: '4.5.0', lines: ['The server replied too early'] };
}

// RFC 5321 §4.5.4.1: no reply after the end says nothing about whether the peer took the message.
async function finalReply(channel: Channel, timeouts: SmtpTimeouts): Promise<Reply> {
  try {
    return await channel.reply(timeouts.dataEnd);
  } catch (cause) {
    if (cause instanceof SmtpSessionError && cause.reply.host !== undefined) throw cause;
    const reply =
      cause instanceof SmtpSessionError ? cause.reply : { code: 451, enhanced: '4.4.2', text: 'Interrupted' };
    throw new SmtpSessionError(reply, { mayHaveAccepted: true, context: { host: channel.host }, cause });
  }
}

/** @returns a reply that came early, from a peer that closed before it had all */
async function writeAll(
  channel: Channel,
  pieces: readonly Uint8Array[],
  timeouts: SmtpTimeouts,
): Promise<Reply | undefined> {
  const { socket } = channel;
  socket.cork();
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
  if (socket.writableNeedDrain ? await drained(socket, timeouts.dataBlock) : !socket.destroyed) return undefined;
  // A peer that closes midway may have said why.
  return channel.reply(1);
}

/** @returns false when the peer closed or took nothing in time */
async function drained(socket: Socket, timeoutMs: number): Promise<boolean> {
  const ended = new AbortController();
  const { signal } = ended;
  const timer = setTimeout(() => ended.abort(), timeoutMs);
  try {
    await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]);
    return !socket.destroyed;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}
