import { isAscii } from 'node:buffer';
import { canonicalCharset, createCharsetDecoder, isAsciiSuperset } from './charset.ts';
import { decodeHeaderText } from './header-text.ts';
import { rawParameter } from './parameters.ts';
import type { MessagePart, MessageStructure } from './structure.ts';
import type { TextMatcher } from './text-matcher.ts';
import { createTransferDecoder, type TransferDecoder } from './transfer-decoder.ts';

/** Encoded bodies are decoded and searched in pieces of this size, so that memory stays small. */
const PIECE = 64 * 1024;

/**
 * Whether a message has a text, for IMAP SEARCH TEXT (`headers`: all headers count too, those of parts and embedded messages
 * included) and BODY (no header counts). Looks into parts that hold text only, decoded; never throws on broken ones.
 * @param message all its bytes, to which the offsets of `structure` refer
 * Source: RFC 9051 §6.4.4
 */
export function searchMessageText(
  message: Uint8Array,
  structure: MessageStructure,
  matcher: TextMatcher,
  options: { headers: boolean },
): boolean {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  return searchPart(bytes, structure.root, matcher, options.headers);
}

/** Texts, and what is text under another name: message/delivery-status and its kin (RFC 3464 §2.1). */
export function holdsText(part: MessagePart): boolean {
  return part.type === 'text' || part.type === 'message';
}

function searchPart(bytes: Buffer, part: MessagePart, matcher: TextMatcher, headers: boolean): boolean {
  if (headers && searchHeader(bytes.subarray(part.headerStart, part.bodyStart), matcher)) return true;
  if (part.children !== undefined) {
    for (const child of part.children) if (searchPart(bytes, child, matcher, headers)) return true;
    return false;
  }
  if (part.message !== undefined) return searchPart(bytes, part.message.root, matcher, headers);
  return holdsText(part) && searchBody(bytes.subarray(part.bodyStart, part.bodyEnd), part, matcher);
}

function searchHeader(header: Buffer, matcher: TextMatcher): boolean {
  const raw = header.toString('latin1');
  const text = raw.replace(/\r?\n(?=[ \t])/g, '');
  if (!text.includes('=?') && isAscii(header)) return matcher.isAscii && matcher.matchesText(text);
  // Line by line, since each may be in another charset.
  return text.split('\n').some((line) => matcher.matchesText(decodeHeaderText(line)));
}

function searchBody(body: Buffer, part: MessagePart, matcher: TextMatcher): boolean {
  const charset = canonicalCharset(rawParameter(part.params, 'charset') ?? '');
  const undecoded = isAsciiSuperset(charset);
  const identity = part.encoding === undefined || /^(?:[78]-?bit|binary)$/.test(part.encoding);
  if (identity && undecoded) {
    if (matcher.isAscii && matcher.matchesBytes(body)) return true;
    if (isAscii(body)) return false;
  }
  let decoder: TransferDecoder;
  try {
    decoder = createTransferDecoder(part.encoding);
  } catch {
    // An unknown encoding doesn't hold readable text.
    return false;
  }
  const toText = createCharsetDecoder(charset);
  const scan = matcher.start();
  for (let start = 0; start < body.length; start += PIECE) {
    const piece = decoder.push(body.subarray(start, start + PIECE));
    if (scan.push(toText.write(piece))) return true;
  }
  return scan.push(toText.write(decoder.finish()) + (toText.end() ?? ''));
}
