import type { ByteText } from '../../message/structure.ts';
import { trimBlanks } from '../../message/trim-blanks.ts';

/**
 * A header field in the canonical form "relaxed", without line end.
 * @param value after the colon, folded as it stands
 * Source: RFC 6376 §3.4.2
 */
export function relaxedField(name: string, value: ByteText): ByteText {
  return `${name.toLowerCase()}:${trimBlanks(value.replace(/\r\n/g, '').replace(/[\t ]+/g, ' '))}`;
}
