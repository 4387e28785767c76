import type { ByteText } from './structure.ts';
import { trimBlanks } from './trim-blanks.ts';

/** A field of a header, folded as it stands. Offsets count from the start of the text that was split. */
export interface HeaderField {
  /** Lower case; empty for a line without a colon, which belongs to no field. */
  name: string;
  start: number;
  /** After the colon. */
  valueStart: number;
  /** After the field's last line end. */
  end: number;
}

/**
 * Splits a header into its fields, in order. Accepts CRLF and bare LF, whitespace before the colon (RFC 5322 §4.5), lines without a
 * colon, and stops at the empty line that ends the header, if there is one.
 * @param header one character for each byte (latin1)
 * Source: RFC 5322 §2.2, §3.6.8
 */
export function splitHeader(header: ByteText): HeaderField[] {
  const fields: HeaderField[] = [];
  const length = header.length;
  let pos = 0;
  while (pos < length) {
    let lineEnd = header.indexOf('\n', pos) + 1;
    if (lineEnd === 0) lineEnd = length;
    const first = header.charCodeAt(pos);
    if (first === 10 || (first === 13 && lineEnd === pos + 2 && header.charCodeAt(pos + 1) === 10)) break;
    if (first === 32 || first === 9) {
      const continued = fields[fields.length - 1];
      if (continued !== undefined) continued.end = lineEnd;
      else fields.push({ name: '', start: pos, valueStart: pos, end: lineEnd });
    } else {
      fields.push(readFieldName(header, pos, lineEnd));
    }
    pos = lineEnd;
  }
  return fields;
}

function readFieldName(header: ByteText, start: number, end: number): HeaderField {
  for (let pos = start; pos < end; pos++) {
    const code = header.charCodeAt(pos);
    if (code === 58) {
      const name = header.slice(start, pos).toLowerCase();
      return { name: trimBlanks(name), start, valueStart: pos + 1, end };
    }
    if (code === 10) break;
  }
  return { name: '', start, valueStart: start, end };
}

/** Removes line ends and the whitespace around the value (RFC 5322 §2.2.3). */
export function unfold(value: ByteText): ByteText {
  const trimmed = trimBlanks(value);
  return trimmed.includes('\n') ? trimmed.replace(/\r?\n/g, '') : trimmed;
}

/** The unfolded values of all fields with this name, in order. */
export function headerValues(header: ByteText, fields: readonly HeaderField[], name: string): ByteText[] {
  const wanted = name.toLowerCase();
  const values: ByteText[] = [];
  for (const field of fields) {
    if (field.name === wanted) values.push(unfold(header.slice(field.valueStart, field.end)));
  }
  return values;
}
