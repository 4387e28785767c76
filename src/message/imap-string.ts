import type { ByteText } from './structure.ts';

/** Longer strings become literals, so that clients with line limits can read them. */
const MAX_QUOTED = 4096;

/**
 * An IMAP nstring: NIL, quoted, or a literal when it holds LF, 8-bit bytes or is long. What IMAP strings can't hold or clients stumble
 * over becomes what Dovecot makes of it: NUL (RFC 9051 §4.3) U+FFFD in UTF-8, a bare CR a space.
 */
export function imapString(text: ByteText | undefined): string {
  if (text === undefined) return 'NIL';
  if (text.length > MAX_QUOTED || /[\x00\r\n\x80-\xFF]/.test(text)) {
    const safe = text.replaceAll('\x00', '\xEF\xBF\xBD').replaceAll('\r', ' ');
    return `{${safe.length}}\r\n${safe}`;
  }
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
