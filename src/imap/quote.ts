import type { ByteText } from '../message/structure.ts';

const atomForm = /^[^\x00-\x20\x7f-\xff(){%*"\\\]]+$/;
const quotedForm = /^[^\x00\r\n\x80-\xff]*$/;
const quotedUtf8Form = /^[^\x00\r\n]*$/;

/**
 * Writes bytes as a string: quoted where that is allowed, else as a literal.
 * @param utf8 whether the client takes 8-bit bytes (valid UTF-8) in quoted strings
 * Source: RFC 9051 §4.3
 */
export function quote(bytes: ByteText, utf8 = false): ByteText {
  if (bytes.length <= 1000 && (utf8 ? quotedUtf8Form : quotedForm).test(bytes)) {
    return `"${bytes.replace(/["\\]/g, '\\$&')}"`;
  }
  return `{${bytes.length}}\r\n${bytes}`;
}

/** Writes bytes as an atom where that is allowed, else as a string. `NIL` is quoted. */
export function quoteUnlessAtom(bytes: ByteText, utf8 = false): ByteText {
  return atomForm.test(bytes) && bytes.toUpperCase() !== 'NIL' ? bytes : quote(bytes, utf8);
}
