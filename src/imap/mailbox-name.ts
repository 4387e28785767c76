import type { ByteText } from '../message/structure.ts';
import { decodeUtf8, encodeUtf8 } from './byte-text.ts';

/**
 * Decodes modified UTF-7.
 * @returns undefined when it isn't valid: bytes outside of printable ASCII, unfinished or wrong base64, what should have been written
 *   directly, or half a surrogate pair
 * Source: RFC 3501 §5.1.3, RFC 9051 §A.1
 */
export function decodeModifiedUtf7(bytes: ByteText): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(bytes)) return undefined;
  if (!bytes.includes('&')) return bytes;
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const shift = bytes.indexOf('&', at);
    if (shift === -1) return text + bytes.slice(at);
    text += bytes.slice(at, shift);
    const end = bytes.indexOf('-', shift);
    if (end === -1) return undefined;
    if (end === shift + 1) text += '&';
    else {
      const decoded = decodeShifted(bytes.slice(shift + 1, end));
      // Two shifts that follow each other had to be one: each name has one spelling.
      if (decoded === undefined || (bytes[end + 1] === '&' && bytes[end + 2] !== '-')) return undefined;
      text += decoded;
    }
    at = end + 1;
  }
  return text;
}

function decodeShifted(base64: string): string | undefined {
  if (!/^[A-Za-z0-9+,]+$/.test(base64)) return undefined;
  const bytes = Buffer.from(base64.replaceAll(',', '/'), 'base64');
  if (bytes.length === 0 || bytes.length % 2 !== 0) return undefined;
  const text = bytes.swap16().toString('utf16le');
  return !text.isWellFormed() || /[\x20-\x7e]/.test(text) || encodeShifted(text) !== base64 ? undefined : text;
}

function encodeShifted(text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('base64').replace(/=+$/, '').replaceAll('/', ',');
}

/** Source: RFC 3501 §5.1.3 */
export function encodeModifiedUtf7(text: string): ByteText {
  return text.replace(/&|[^\x20-\x7e]+/g, (part) => (part === '&' ? '&-' : `&${encodeShifted(part)}-`));
}

/**
 * The name a client means, in Unicode NFC, with Inbox in any case as `Inbox`.
 * @param utf8 whether the client has enabled names in UTF-8 (RFC 9051, RFC 6855 §3)
 * @returns undefined when the bytes are no name in that encoding
 */
export function decodeMailboxName(bytes: ByteText, utf8: boolean): string | undefined {
  const text = utf8 ? decodeUtf8(bytes) : decodeModifiedUtf7(bytes);
  return text === undefined ? undefined : text.normalize('NFC').replace(/^inbox(?=\/|$)/i, 'Inbox');
}

/** The bytes of a name as this client reads it. Inbox is written `INBOX`, as all clients expect. */
export function encodeMailboxName(name: string, utf8: boolean): ByteText {
  const wire = name === 'Inbox' || name.startsWith('Inbox/') ? `INBOX${name.slice(5)}` : name;
  return utf8 ? encodeUtf8(wire) : encodeModifiedUtf7(wire);
}
