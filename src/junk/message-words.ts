import { decodeCharset } from '../message/charset.ts';
import { headerValues, splitHeader } from '../message/header-fields.ts';
import { decodeHeaderText } from '../message/header-text.ts';
import { htmlToText } from '../message/html-text.ts';
import { rawParameter } from '../message/parameters.ts';
import { parseAddressList } from '../message/parse-address-list.ts';
import type { MessagePart, MessageStructure } from '../message/structure.ts';
import { decodeTransfer } from '../message/transfer-decoder.ts';
import { limits } from '../runtime/limits.ts';

/**
 * What a junk filter knows a message by: words of its texts and pairs of words that follow each other, hosts that it links to, and, with
 * the name of the field before them, words of its header. Each once, at most `limits.junkWords`.
 * @param message its bytes, to which the offsets of `structure` refer; those after `limits.junkMessageBytes` are not looked at
 */
export function messageWords(message: Uint8Array, structure: MessageStructure): Set<string> {
  const bytes = Buffer.from(message.buffer, message.byteOffset, Math.min(message.byteLength, limits.junkMessageBytes));
  const words = new WordSet();
  addHeader(bytes, structure.root, words);
  for (const part of leafParts(structure.root)) {
    addPartKind(part, words);
    if (part.type !== 'text' || part.disposition?.type === 'attachment') continue;
    const text = decodeText(bytes, part);
    if (part.subtype === 'html') {
      addLinks(text, words);
      addText(htmlToText(text), '', words);
    } else {
      addLinks(text, words);
      addText(text, '', words);
    }
  }
  return words.all;
}

class WordSet {
  readonly all = new Set<string>();

  /** @returns false when there is no room for more */
  add(word: string): boolean {
    if (this.all.size >= limits.junkWords) return false;
    this.all.add(word);
    return true;
  }
}

/** Fields that say something of what kind of mail it is. Those that receivers add tell of them, not of the sender. */
const textFields = ['subject', 'x-mailer', 'user-agent', 'list-id'] as const;
const addressFields = ['from', 'reply-to', 'sender'] as const;

function addHeader(bytes: Buffer, root: MessagePart, words: WordSet): void {
  const header = bytes.toString('latin1', root.headerStart, Math.min(root.bodyStart, bytes.length));
  const fields = splitHeader(header);
  for (const name of textFields) {
    for (const value of headerValues(header, fields, name).slice(0, 3)) {
      addText(decodeHeaderText(value), `${name}:`, words);
    }
  }
  for (const name of addressFields) {
    for (const value of headerValues(header, fields, name).slice(0, 1)) {
      for (const address of parseAddressList(value).slice(0, 5)) {
        addText(address.name, `${name}:`, words);
        words.add(`${name}:${address.localpart}@${address.domain}`.toLowerCase());
        addHost(address.domain.toLowerCase(), `${name}:`, words);
      }
    }
  }
  // What programs write and people don't see: whether there is one at all tells much.
  for (const name of [
    'list-unsubscribe',
    'precedence',
    'x-priority',
    'in-reply-to',
    'mime-version',
    'message-id',
    'date',
  ]) {
    words.add(`has:${name}:${fields.some((field) => field.name === name)}`);
  }
}

function* leafParts(part: MessagePart): Generator<MessagePart> {
  if (part.children !== undefined) for (const child of part.children) yield* leafParts(child);
  else if (part.message !== undefined) yield* leafParts(part.message.root);
  else yield part;
}

function addPartKind(part: MessagePart, words: WordSet): void {
  const charset = rawParameter(part.params, 'charset')?.toLowerCase() ?? '';
  words.add(`part:${part.type}/${part.subtype}`);
  if (charset !== '') words.add(`charset:${charset.slice(0, 40)}`);
  const name = rawParameter(part.disposition?.params ?? [], 'filename') ?? rawParameter(part.params, 'name');
  const extension = /\.([a-z0-9]{1,8})$/i.exec(name ?? '')?.[1];
  if (extension !== undefined) words.add(`file:${extension.toLowerCase()}`);
}

function decodeText(bytes: Buffer, part: MessagePart): string {
  const body = bytes.subarray(part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + limits.junkPartBytes));
  try {
    return decodeCharset(decodeTransfer(body, part.encoding), rawParameter(part.params, 'charset') ?? '');
  } catch {
    // An unknown encoding has no readable text.
    return '';
  }
}

/** Hosts and the domains above them, as one sender has many hosts. */
function addLinks(text: string, words: WordSet): void {
  let links = 0;
  for (const [, host] of text.matchAll(/https?:\/\/(?:[^\s/"'<>@]{0,100}@)?([a-z0-9.-]{4,100})/gi)) {
    addHost(host!.toLowerCase(), 'link:', words);
    if (++links === limits.junkLinks) return;
  }
}

function addHost(host: string, prefix: string, words: WordSet): void {
  const labels = host.split('.').filter((label) => label !== '');
  for (let from = Math.max(0, labels.length - 4); from < labels.length; from++) {
    words.add(`${prefix}${labels.slice(from).join('.')}`);
  }
}

/** Letters, digits, and the signs within prices and addresses. */
const word = /[\p{L}\p{N}$€£%!][\p{L}\p{N}\p{M}'’.,$%!_-]*/gu;
/** Scripts without spaces between words: each character is as good as a word. */
const ideograph = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** Words, and each with the one before it. */
function addText(text: string, prefix: string, words: WordSet): void {
  let before: string | undefined;
  for (const [found] of text.normalize('NFKC').toLowerCase().matchAll(word)) {
    if (ideograph.test(found)) {
      const characters = [...found.slice(0, 200)];
      for (const [at, character] of characters.entries()) {
        if (!words.add(prefix + character)) return;
        if (at > 0) words.add(`${prefix}${characters[at - 1]} ${character}`);
      }
      before = undefined;
      continue;
    }
    const shown = found.replace(/[.,'’_-]+$/, '');
    if (shown.length > 40) {
      // Long runs are data, of which only that they are there tells something.
      if (!words.add(`${prefix}long`)) return;
      before = undefined;
      continue;
    }
    if (shown.length < 2) {
      before = undefined;
      continue;
    }
    if (!words.add(prefix + shown)) return;
    if (before !== undefined) words.add(`${prefix}${before} ${shown}`);
    before = shown;
  }
}
