import type { ByteText } from './structure.ts';
import { isBlank } from './trim-blanks.ts';

/** Names of fields, in any case. Most fields of a header are none of them, which is seen by length and first letter without a look at the rest. */
export class FieldNames {
  readonly #names: ReadonlySet<string>;
  readonly #keys = new Set<number>();

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    for (const name of this.#names) this.#keys.add(keyOf(name, 0, name.length));
  }

  /** Whether they name the field that a line of a header begins; a line without a colon has the empty name. */
  include(header: ByteText, lineStart: number, lineEnd: number): boolean {
    let end = lineStart;
    while (end < lineEnd && header.charCodeAt(end) !== 58) end++;
    let start = lineStart;
    if (end === lineEnd) end = lineStart;
    while (start < end && isBlank(header.charCodeAt(start))) start++;
    while (end > start && isBlank(header.charCodeAt(end - 1))) end--;
    return this.#keys.has(keyOf(header, start, end)) && this.#names.has(header.slice(start, end).toLowerCase());
  }
}

/** The same for a name in any case. */
function keyOf(text: ByteText, start: number, end: number): number {
  return start === end ? 0 : (end - start) * 256 + (text.charCodeAt(start) | 32);
}

/**
 * The fields that IMAP's `HEADER.FIELDS` and `HEADER.FIELDS.NOT` ask for, folded as they stand, with the empty line that ends the
 * header when it has one. Lines that belong to no field are only in a `not` result.
 * @param header header bytes with the empty line
 * @param names in any case
 * Source: RFC 9051 §6.4.5.1
 */
export function selectHeaderFields(
  header: Uint8Array,
  names: readonly string[],
  options: { not?: boolean } = {},
): Buffer {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const text = selectHeaderText(bytes.toString('latin1'), new FieldNames(names), options.not === true);
  return Buffer.from(text, 'latin1');
}

/** The same of a header as text. FETCH asks for thousands: it goes over the lines as `splitHeader` does, and makes nothing of them. */
export function selectHeaderText(header: ByteText, names: FieldNames, not: boolean): ByteText {
  let selected = '';
  // Fields that follow each other are taken as one.
  let runStart = 0;
  let runEnd = 0;
  let isTaken = false;
  let pos = 0;
  while (pos < header.length) {
    const lineEnd = header.indexOf('\n', pos) + 1 || header.length;
    const first = header.charCodeAt(pos);
    if (first === 10 || (first === 13 && header.charCodeAt(pos + 1) === 10)) break;
    // A header that begins with such a line continues nothing.
    const continues = first === 32 || first === 9;
    if (!continues || pos === 0) isTaken = names.include(header, pos, continues ? pos : lineEnd) !== not;
    if (isTaken) {
      if (pos !== runEnd) {
        selected += header.slice(runStart, runEnd);
        runStart = pos;
      }
      runEnd = lineEnd;
    }
    pos = lineEnd;
  }
  if (runEnd === pos) return selected + header.slice(runStart);
  return selected + header.slice(runStart, runEnd) + header.slice(pos);
}
