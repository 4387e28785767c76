import type { ByteText } from './structure.ts';

/** Longer strings become literals, so that clients with line limits can read them. */
const MAX_QUOTED = 4096;

/**
 * An IMAP nstring: NIL, quoted, or a literal when it holds CR, LF, 8-bit bytes or is long. NUL, which IMAP strings can't hold
 * (RFC 9051 §4.3), becomes U+0080 as a byte (0x80), as Dovecot does in FETCH.
 */
export function imapString(text: ByteText | undefined): string {
  if (text === undefined) return 'NIL';
  if (text.length > MAX_QUOTED || /[\x00\r\n\x80-\xFF]/.test(text)) {
    const safe = text.includes('\x00') ? text.replaceAll('\x00', '\x80') : text;
    return `{${safe.length}}\r\n${safe}`;
  }
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
