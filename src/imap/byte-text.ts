import type { ByteText } from '../message/structure.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const notAscii = /[\x80-\xff]/;

/** @returns undefined when the bytes are no valid UTF-8 */
export function decodeUtf8(bytes: ByteText): string | undefined {
  if (!notAscii.test(bytes)) return bytes;
  try {
    return decoder.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined;
  }
}

/** The same text in memory of its own: a part that was cut out of a long text keeps all of that in memory. */
export function ownText(bytes: ByteText): ByteText {
  return Buffer.from(bytes, 'latin1').toString('latin1');
}

/** The UTF-8 bytes of a text, one character for each byte, as responses are built. */
export function encodeUtf8(text: string): ByteText {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}
