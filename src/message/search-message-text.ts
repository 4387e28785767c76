import { decodeCharset } from './charset.ts';
import { decodeHeaderText } from './header-text.ts';
import { parameterValue } from './parameter-value.ts';
import type { MessagePart, MessageStructure } from './structure.ts';
import type { TextMatcher } from './text-matcher.ts';
import { createTransferDecoder } from './transfer-decoder.ts';

/**
 * Whether a message has a text, for IMAP SEARCH TEXT (`headers`: the header counts too) and BODY.
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

function searchPart(bytes: Buffer, part: MessagePart, matcher: TextMatcher, header: boolean): boolean {
  if (header && matcher.matchesText(decodeHeaderText(bytes.toString('latin1', part.headerStart, part.bodyStart))))
    return true;
  if (part.children !== undefined) return part.children.some((child) => searchPart(bytes, child, matcher, true));
  if (part.message !== undefined) return searchPart(bytes, part.message.root, matcher, true);
  if (part.type !== 'text') return false;
  let decoder: ReturnType<typeof createTransferDecoder>;
  try {
    decoder = createTransferDecoder(part.encoding);
  } catch {
    // An unknown encoding can't hold the text in readable form.
    return false;
  }
  const body = Buffer.concat([decoder.push(bytes.subarray(part.bodyStart, part.bodyEnd)), decoder.finish()]);
  return matcher.matchesText(decodeCharset(body, parameterValue(part.params, 'charset') ?? ''));
}
