import type { ByteText } from '../../message/structure.ts';
import { limits } from '../../runtime/limits.ts';
import { headerEnd } from './header-end.ts';

/** Takes a message as it is read. */
export interface ContentReader {
  /**
   * The header with the line end of its last field.
   * @param isWhole false: it is longer than may be, this is its beginning, and the rest of the piece it came in is left out
   * @returns whether the body is wanted
   */
  header(text: ByteText, isWhole: boolean): boolean | Promise<boolean>;
  body(chunk: Uint8Array): void;
}

/**
 * Reads a message once: its header, up to a limit, and its body, if that is wanted. Memory doesn't grow with the message.
 * @param content all bytes, header first, with CRLF line ends
 * @throws what `content` and the reader throw
 */
export async function readContent(content: AsyncIterable<Uint8Array>, reader: ContentReader): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of content) {
    if (head === undefined) {
      reader.body(chunk);
      continue;
    }
    const isFirst: boolean = head.length === 0;
    const bytes: Buffer = isFirst
      ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      : Buffer.concat([head, chunk]);
    const end = headerEnd(bytes);
    if (end === undefined && bytes.length <= limits.headerBytes) {
      // Kept longer than the piece, whose memory may be used again.
      head = isFirst ? Buffer.from(bytes) : bytes;
      continue;
    }
    const header = bytes.toString('latin1', 0, end?.header ?? limits.headerBytes);
    if (!(await reader.header(header, end !== undefined))) return;
    if (end !== undefined) reader.body(bytes.subarray(end.body));
    head = undefined;
  }
  if (head !== undefined) await reader.header(head.toString('latin1'), true);
}
