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
  if (isAscii(header) && !matcher.isAscii && !header.includes('=?')) return false;
  return headerLines(header).some((line) => matcher.matchesText(line));
}

/** Lines as they are searched: each may be in another charset. What needs no decoding is one. */
function headerLines(header: Buffer): string[] {
  const text = header.toString('latin1').replace(/\r?\n(?=[ \t])/g, '');
  if (!text.includes('=?') && isAscii(header)) return [text];
  return text.split('\n').map(decodeHeaderText);
}

function searchBody(body: Buffer, part: MessagePart, matcher: TextMatcher): boolean {
  if (isUndecoded(part)) {
    if (matcher.isAscii && matcher.matchesBytes(body)) return true;
    if (isAscii(body)) return false;
  }
  const scan = matcher.start();
  for (const piece of bodyPieces(body, part)) if (scan.push(piece)) return true;
  return false;
}

/** Whether ASCII characters of the text are these bytes of the body. */
function isUndecoded(part: MessagePart): boolean {
  const identity = part.encoding === undefined || /^(?:[78]-?bit|binary)$/.test(part.encoding);
  return identity && isAsciiSuperset(charsetOf(part));
}

function charsetOf(part: MessagePart): string {
  return canonicalCharset(rawParameter(part.params, 'charset') ?? '');
}

/** The text of a part, decoded bit by bit. */
function* bodyPieces(body: Buffer, part: MessagePart): Generator<string> {
  let decoder: TransferDecoder;
  try {
    decoder = createTransferDecoder(part.encoding);
  } catch {
    // An unknown encoding doesn't hold readable text.
    return;
  }
  const toText = createCharsetDecoder(charsetOf(part));
  for (let start = 0; start < body.length; start += PIECE) {
    yield toText.write(decoder.push(body.subarray(start, start + PIECE)));
  }
  yield toText.write(decoder.finish()) + (toText.end() ?? '');
}

/** A header, or a piece of the text of a part: what is in two pieces is searched as one text. */
export type SearchedText =
  | { readonly kind: 'header'; readonly lines: readonly string[] }
  | { readonly kind: 'body'; readonly pieces: Iterable<string> };

/** All that `searchMessageText` looks at, for those who keep an index of it. @param message as there */
export function* searchedTexts(message: Uint8Array, structure: MessageStructure): Generator<SearchedText> {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  yield* textsOfPart(bytes, structure.root);
}

function* textsOfPart(bytes: Buffer, part: MessagePart): Generator<SearchedText> {
  yield { kind: 'header', lines: headerLines(bytes.subarray(part.headerStart, part.bodyStart)) };
  if (part.children !== undefined) for (const child of part.children) yield* textsOfPart(bytes, child);
  else if (part.message !== undefined) yield* textsOfPart(bytes, part.message.root);
  else if (holdsText(part)) {
    yield { kind: 'body', pieces: bodyPieces(bytes.subarray(part.bodyStart, part.bodyEnd), part) };
  }
}
