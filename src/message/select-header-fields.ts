import { splitHeader } from './header-fields.ts';

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
  const fields = splitHeader(bytes.toString('latin1'));
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const not = options.not === true;
  const pieces: Buffer[] = [];
  let runStart = 0;
  let runEnd = 0;
  for (const field of fields) {
    if (wanted.has(field.name) === not) continue;
    if (field.start !== runEnd) {
      if (runEnd > runStart) pieces.push(bytes.subarray(runStart, runEnd));
      runStart = field.start;
    }
    runEnd = field.end;
  }
  const fieldsEnd = fields.at(-1)?.end ?? 0;
  if (fieldsEnd !== runEnd) {
    if (runEnd > runStart) pieces.push(bytes.subarray(runStart, runEnd));
    runStart = fieldsEnd;
  }
  pieces.push(bytes.subarray(runStart));
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}
