import { limits } from '../runtime/limits.ts';
import { decodeCharset } from './charset.ts';
import { htmlToText } from './html-text.ts';
import { rawParameter } from './parameters.ts';
import type { MessagePart, MessageStructure } from './structure.ts';
import { decodeTransfer } from './transfer-decoder.ts';

/**
 * The part that a preview is made from: the first plain text that is no attachment, else the first HTML.
 * Read at most `limits.previewSourceBytes` of its body for `previewText`.
 */
export function findPreviewPart(structure: MessageStructure): MessagePart | undefined {
  return findText(structure.root, 'plain') ?? findText(structure.root, 'html');
}

function findText(part: MessagePart, subtype: string): MessagePart | undefined {
  if (part.children !== undefined) {
    for (const child of part.children) {
      const found = findText(child, subtype);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (part.type !== 'text' || part.subtype !== subtype || part.disposition?.type === 'attachment') return undefined;
  return part.bodyEnd > part.bodyStart ? part : undefined;
}

/**
 * The first words of a message, on one line.
 * @param body the first bytes of the part's body, still encoded
 * @returns at most `limits.previewCharacters` characters; empty when nothing readable is there
 * Source: RFC 8970 §3.1
 */
export function previewText(part: MessagePart, body: Uint8Array): string {
  let bytes: Buffer;
  try {
    bytes = decodeTransfer(body.subarray(0, limits.previewSourceBytes), part.encoding);
  } catch {
    // An unknown encoding has no readable text.
    return '';
  }
  let text = decodeCharset(bytes, rawParameter(part.params, 'charset') ?? '');
  if (part.subtype === 'html') text = htmlToText(text);
  else text = text.replace(/^>.*$/gm, '');
  const line = text.replace(/(?:[\s\x00-\x1F\x7F\u00AD\u200B-\u200F\u2060\uFEFF]|\u034F)+/g, ' ').trim();
  return [...line.slice(0, limits.previewCharacters * 2)].slice(0, limits.previewCharacters).join('');
}
