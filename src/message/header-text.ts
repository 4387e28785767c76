import { decodeCharset, decodeUtf8 } from './charset.ts';
import type { ByteText } from './structure.ts';

const ENCODED_WORD = /=\?([^?\s]{1,80})\?([QqBb])\?([^?]*)\?=/g;

/**
 * Turns a raw header value into readable Unicode: encoded words, raw UTF-8 (RFC 6532), and, for old programs, raw windows-1252.
 * Adjacent words of one charset are joined before they are decoded, since programs split characters between them. A word that
 * can't be decoded stays as it is. A value that already is Unicode may be passed too.
 * Source: RFC 2047 §6
 */
export function decodeHeaderText(value: ByteText): string {
  if (!value.includes('=?')) return decodeRaw(value);
  let text = '';
  let end = 0;
  let pending: { charset: string; bytes: Buffer[] } | undefined;
  const flush = (): void => {
    if (pending !== undefined) text += decodeCharset(Buffer.concat(pending.bytes), pending.charset);
    pending = undefined;
  };
  for (const match of value.matchAll(ENCODED_WORD)) {
    const between = value.slice(end, match.index);
    const charset = match[1]!.toLowerCase();
    if (pending === undefined || /[^ \t\r\n]/.test(between)) {
      flush();
      text += decodeRaw(between);
    }
    if (pending !== undefined && pending.charset !== charset) flush();
    pending ??= { charset, bytes: [] };
    pending.bytes.push(match[2] === 'B' || match[2] === 'b' ? decodeB(match[3]!) : decodeQ(match[3]!));
    end = match.index + match[0].length;
  }
  flush();
  return text + decodeRaw(value.slice(end));
}

function decodeRaw(value: ByteText): string {
  if (!/[^\x00-\x7F]/.test(value)) return value;
  if (/[^\x00-\xFF]/.test(value)) return value;
  return decodeUtf8(Buffer.from(value, 'latin1'));
}

function decodeB(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

function decodeQ(text: string): Buffer {
  const bytes = text
    .replace(/_/g, ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}
