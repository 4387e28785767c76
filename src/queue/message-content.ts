import { open } from 'node:fs/promises';

/** The bytes of a message in the queue: prefix, then file. */
export interface MessageContent {
  readonly prefix: Uint8Array;
  /** Of the file. */
  readonly path: string;
  /** Of the file. */
  readonly sizeBytes: number;
}

const chunkBytes = 256 * 1024;

/**
 * Reads prefix and file as they are asked for; a small message comes as one chunk.
 * @throws when the file ends before its size: so that half a message isn't taken for a whole one
 */
export async function* contentChunks(content: MessageContent): AsyncGenerator<Buffer, void> {
  const file = await open(content.path, 'r');
  try {
    let start = Buffer.from(content.prefix);
    let at = 0;
    do {
      const wanted = Math.min(content.sizeBytes - at, chunkBytes);
      const chunk = Buffer.allocUnsafe(start.length + wanted);
      start.copy(chunk);
      for (let filled = start.length; filled < chunk.length; ) {
        const { bytesRead } = await file.read(chunk, filled, chunk.length - filled, at);
        if (bytesRead === 0) throw new Error(`Cannot read message file "${content.path}": it is too short`);
        filled += bytesRead;
        at += bytesRead;
      }
      start = Buffer.alloc(0);
      yield chunk;
    } while (at < content.sizeBytes);
  } finally {
    await file.close();
  }
}

/** The header with its empty line, prefix included; cut off at `limitBytes`, after a whole line. */
export async function readHeader(content: MessageContent, limitBytes: number): Promise<Buffer> {
  const chunk = Buffer.allocUnsafe(Math.min(limitBytes, content.prefix.length + content.sizeBytes));
  let filled = Buffer.from(content.prefix).copy(chunk);
  const file = await open(content.path, 'r');
  try {
    for (let at = 0; filled < chunk.length; ) {
      const { bytesRead } = await file.read(chunk, filled, Math.min(chunk.length - filled, 16 * 1024), at);
      if (bytesRead === 0) break;
      const from = Math.max(0, filled - 3);
      filled += bytesRead;
      at += bytesRead;
      const end = chunk.subarray(0, filled).indexOf('\r\n\r\n', from);
      if (end !== -1) return chunk.subarray(0, end + 4);
    }
  } finally {
    await file.close();
  }
  return chunk.subarray(0, filled < limitBytes ? filled : chunk.lastIndexOf('\n', filled - 1) + 1);
}
