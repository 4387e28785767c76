import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** The bytes of a message in the queue: prefix, then file. */
export interface MessageContent {
  readonly prefix: Uint8Array;
  /** Of the file. */
  readonly path: string;
}

/** Reads prefix and file as they are asked for. */
export function streamContent(content: MessageContent): Readable {
  return Readable.from(contentChunks(content), { objectMode: false });
}

async function* contentChunks(content: MessageContent): AsyncGenerator<Uint8Array> {
  if (content.prefix.length > 0) yield content.prefix;
  yield* createReadStream(content.path, { highWaterMark: 64 * 1024 });
}

/** The header with its empty line, prefix included; cut off at `limitBytes`, after a whole line. */
export async function readHeader(content: MessageContent, limitBytes: number): Promise<Buffer> {
  const chunk = Buffer.allocUnsafe(limitBytes);
  const prefix = Buffer.from(content.prefix).subarray(0, limitBytes);
  prefix.copy(chunk);
  let filled = prefix.length;
  const file = await open(content.path, 'r');
  try {
    for (let at = 0; filled < limitBytes; ) {
      const { bytesRead } = await file.read(chunk, filled, Math.min(limitBytes - filled, 16 * 1024), at);
      if (bytesRead === 0) return chunk.subarray(0, filled);
      const from = Math.max(0, filled - 3);
      filled += bytesRead;
      at += bytesRead;
      const end = headerEnd(chunk.subarray(0, filled), from);
      if (end !== -1) return chunk.subarray(0, end);
    }
  } finally {
    await file.close();
  }
  const lineEnd = chunk.lastIndexOf('\n');
  return chunk.subarray(0, lineEnd + 1);
}

/** The end of the empty line that ends the header, looked for from `from` on; -1 when it isn't there. */
function headerEnd(bytes: Buffer, from: number): number {
  const withReturn = bytes.indexOf('\r\n\r\n', from);
  return withReturn === -1 ? -1 : withReturn + 4;
}
