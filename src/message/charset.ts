import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';

/**
 * Decodes bytes of a named charset. UTF-8 and US-ASCII that are not valid UTF-8, and unknown charsets, are taken for windows-1252,
 * which never fails and shows ASCII as it is.
 * @param label MIME charset name in any case, with or without the language suffix of RFC 2231 §5
 */
export function decodeCharset(bytes: Uint8Array, label: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = canonicalCharset(label);
  if (name === 'utf-8') return decodeUtf8(buffer);
  if (name === ISO_2022_JP) return new TextDecoder(name).decode(buffer);
  return iconv.decode(buffer, name, { stripBOM: true });
}

/** Bytes without a named charset: UTF-8 if they are valid, else windows-1252. */
export function decodeUtf8(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') && !isUtf8(bytes) ? iconv.decode(bytes, 'windows-1252') : text;
}

/** A name that `decodeCharset` can decode without doubt; `utf-8` also stands for US-ASCII. */
export function canonicalCharset(label: string): string {
  const name = label
    .trim()
    .toLowerCase()
    .replace(/\*.*$/, '')
    .replace(/^["']+|["']+$/g, '');
  if (name === '' || name === 'utf-8' || name === 'us-ascii' || name === 'utf8' || name === 'ascii') return 'utf-8';
  const known = ALIASES.get(name) ?? name;
  return known === ISO_2022_JP || iconv.encodingExists(known) ? known : 'windows-1252';
}

/** iconv-lite lacks it, Node has it. */
const ISO_2022_JP = 'iso-2022-jp';

/** Names seen in mail that iconv-lite doesn't know, and charsets whose senders mean a superset (as in the WHATWG Encoding Standard). */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['unicode-1-1-utf-8', 'utf-8'],
  ['unknown-8bit', 'utf-8'],
  ['x-unknown', 'utf-8'],
  ['unknown', 'utf-8'],
  ['default', 'utf-8'],
  ['iso-8859-1', 'windows-1252'],
  ['iso8859-1', 'windows-1252'],
  ['latin1', 'windows-1252'],
  ['iso-8859-9', 'windows-1254'],
  ['iso-8859-8-i', 'iso-8859-8'],
  ['iso-8859-8-e', 'iso-8859-8'],
  ['gb2312', 'gbk'],
  ['x-gbk', 'gbk'],
  ['ks_c_5601-1987', 'cp949'],
  ['ks_c_5601', 'cp949'],
  ['euc-kr', 'cp949'],
  ['iso-2022-jp-1', ISO_2022_JP],
  ['iso-2022-jp-2', ISO_2022_JP],
  ['iso-2022-jp-ms', ISO_2022_JP],
  ['x-sjis', 'shift_jis'],
  ['cp-850', 'cp850'],
  ['x-mac-roman', 'macintosh'],
]);

/** Decodes text that comes in chunks. */
export interface CharsetDecoder {
  write(chunk: Buffer): string;
  end(): string | undefined;
}

/** @param charset from `canonicalCharset` */
export function createCharsetDecoder(charset: string): CharsetDecoder {
  if (charset === ISO_2022_JP) {
    const decoder = new TextDecoder(charset);
    return { write: (chunk) => decoder.decode(chunk, { stream: true }), end: () => decoder.decode() };
  }
  return iconv.getDecoder(charset);
}

/** Whether all bytes below 0x80 are ASCII characters, wherever they stand. @param charset from `canonicalCharset` */
export function isAsciiSuperset(charset: string): boolean {
  return /^(?:utf-?8|us-ascii|iso-?8859-?\d+|windows-?125\d|cp125\d|koi8-.*|euc-.*|macintosh|cp8\d\d)$/.test(charset);
}
