import { splitHeader } from './header-fields.ts';
import type { ByteText } from './structure.ts';

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
  return Buffer.from(selectHeaderText(bytes.toString('latin1'), lowerCaseNames(names), options.not === true), 'latin1');
}

/** The same of a header as text. @param names in lower case */
export function selectHeaderText(header: ByteText, names: ReadonlySet<string>, not: boolean): ByteText {
  const fields = splitHeader(header);
  let selected = '';
  // Fields that follow each other are taken as one.
  let runStart = 0;
  let runEnd = 0;
  for (const { name, start, end } of fields) {
    if (names.has(name) === not) continue;
    if (start !== runEnd) {
      selected += header.slice(runStart, runEnd);
      runStart = start;
    }
    runEnd = end;
  }
  const headerEnd = fields.at(-1)?.end ?? 0;
  if (runEnd === headerEnd) return selected + header.slice(runStart);
  return selected + header.slice(runStart, runEnd) + header.slice(headerEnd);
}

export function lowerCaseNames(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}
