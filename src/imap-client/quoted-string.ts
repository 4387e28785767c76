import type { ByteText } from '../message/structure.ts';

/**
 * Always as a quoted string, never as a literal, for which the server would have to be waited for.
 * @param bytes without line ends and NUL
 * Source: RFC 9051 §4.3
 */
export function quotedString(bytes: ByteText): ByteText {
  return `"${bytes.replace(/["\\]/g, '\\$&')}"`;
}
