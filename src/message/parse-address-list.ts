import { limits } from '../runtime/limits.ts';
import { decodeHeaderText } from './header-text.ts';
import type { ByteText } from './structure.ts';
import { trimBlanks } from './trim-blanks.ts';

/** One mailbox of an address field, without quoting. */
export interface Mailbox {
  /** Display name, or the comment that old programs write instead; empty when there is none. */
  name: string;
  /** Obsolete source route, such as `@a,@b`; nearly always empty. */
  route: string;
  /** Empty only in broken fields, as is the domain. */
  localpart: string;
  domain: string;
}

/** What an address field consists of, in order. */
export type AddressItem =
  | { kind: 'mailbox'; mailbox: Mailbox }
  | { kind: 'group-start'; name: string }
  | { kind: 'group-end' };

/**
 * The mailboxes of an address field, groups taken apart, display names decoded.
 * @param value an unfolded raw value (From, To, …), or Unicode
 * Source: RFC 5322 §3.4, RFC 6532 §3.2
 */
export function parseAddressList(value: ByteText): Mailbox[] {
  const mailboxes: Mailbox[] = [];
  for (const item of parseAddressItems(value)) {
    if (item.kind !== 'mailbox') continue;
    const { name, route, localpart, domain } = item.mailbox;
    mailboxes.push({
      name: decodeHeaderText(name),
      route,
      localpart: decodeHeaderText(localpart),
      domain: decodeHeaderText(domain),
    });
  }
  return mailboxes;
}

/**
 * Parses an address field with its groups, everything raw as ENVELOPE needs it. Takes obsolete syntax and what real programs send:
 * missing or doubled brackets, semicolons for commas, names with unquoted dots, addresses without domain. At most
 * `limits.headerAddresses` items.
 * Source: RFC 5322 §3.4, §4.4
 */
export function parseAddressItems(value: ByteText): AddressItem[] {
  return new AddressParser(value).parse();
}

interface Word {
  text: string;
  quoted: boolean;
  spaceBefore: boolean;
}

class AddressParser {
  readonly #text: string;
  #pos = 0;
  #items: AddressItem[] = [];
  #inGroup = false;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): AddressItem[] {
    while (this.#pos < this.#text.length && this.#items.length < limits.headerAddresses) this.#parseItem();
    if (this.#inGroup) this.#items.push({ kind: 'group-end' });
    return this.#items;
  }

  /** Reads up to and with the next comma, group mark or end. */
  #parseItem(): void {
    const words: Word[] = [];
    let comment = '';
    let angle: Omit<Mailbox, 'name'> | undefined;
    let space = false;
    let hasAt = false;
    while (this.#pos < this.#text.length) {
      const char = this.#text[this.#pos]!;
      if (char === ',' || char === ';') {
        this.#pos++;
        this.#addMailbox(words, comment, angle);
        if (char === ';' && this.#inGroup) {
          this.#inGroup = false;
          this.#items.push({ kind: 'group-end' });
        }
        return;
      }
      if (char === ':' && !this.#inGroup && angle === undefined && !hasAt) {
        this.#pos++;
        this.#inGroup = true;
        this.#items.push({ kind: 'group-start', name: joinPhrase(words) });
        return;
      }
      // Stray closing marks are dropped.
      if (isSpace(char) || char === '>' || char === ')') {
        this.#pos++;
        space = true;
        continue;
      }
      if (char === '(') {
        comment = this.#readComment();
        space = true;
        continue;
      }
      if (char === '<' && angle === undefined) {
        angle = this.#readAngle();
        space = true;
        continue;
      }
      const word = this.#readWord(char, space);
      space = false;
      if (char === '@') hasAt = true;
      // What follows the brackets is rubbish.
      if (angle === undefined) words.push(word);
    }
    this.#addMailbox(words, comment, angle);
  }

  #addMailbox(words: Word[], comment: string, angle: Omit<Mailbox, 'name'> | undefined): void {
    if (angle !== undefined) {
      this.#items.push({ kind: 'mailbox', mailbox: { name: joinPhrase(words) || comment, ...angle } });
      return;
    }
    if (words.length === 0) return;
    const at = words.findLastIndex((word) => word.text === '@' && !word.quoted);
    if (at < 0) {
      const text = joinPhrase(words);
      // One atom is a local user, such as MAILER-DAEMON; anything else can only be a name.
      const isName = words.length > 1 || words[0]!.quoted;
      const mailbox = { name: isName ? text : comment, route: '', localpart: isName ? '' : text, domain: '' };
      this.#items.push({ kind: 'mailbox', mailbox });
      return;
    }
    // `John Smith john@example.org`: words before the last one belong to the name, unless they are joined by dots.
    let first = Math.max(at - 1, 0);
    while (first > 0 && first < at && !startsNewWord(words, first)) first--;
    const localpart = words
      .slice(first, at)
      .map((word) => word.text)
      .join('');
    let end = at + 1;
    while (end < words.length && (end === at + 1 || !startsNewWord(words, end))) end++;
    const domain = words
      .slice(at + 1, end)
      .map((word) => word.text)
      .join('');
    const name = joinPhrase(words.slice(0, first)) || comment;
    this.#items.push({ kind: 'mailbox', mailbox: { name, route: '', localpart, domain } });
  }

  /** Reads `<…>` from its opening bracket. */
  #readAngle(): Omit<Mailbox, 'name'> {
    while (this.#text[this.#pos] === '<' || isSpace(this.#text[this.#pos] ?? '')) this.#pos++;
    const words: Word[] = [];
    let route = '';
    while (this.#pos < this.#text.length) {
      const char = this.#text[this.#pos]!;
      if (char === '>') {
        while (this.#text[this.#pos] === '>') this.#pos++;
        break;
      }
      if (char === ':' && words[0]?.text === '@' && route === '') {
        route = words.map((word) => word.text).join('');
        words.length = 0;
        this.#pos++;
      } else if (char === ',' && words[0]?.text === '@' && route === '') {
        words.push({ text: ',', quoted: false, spaceBefore: false });
        this.#pos++;
      } else if ((char === ',' || char === ';' || char === '<') && words.length > 0) {
        // The closing bracket is missing.
        break;
      } else if (isSpace(char)) {
        this.#pos++;
      } else if (char === '(') {
        this.#readComment();
      } else words.push(this.#readWord(char, false));
    }
    const at = words.findLastIndex((word) => word.text === '@' && !word.quoted);
    const join = (part: Word[]): string => part.map((word) => word.text).join('');
    if (at < 0) return { route, localpart: join(words), domain: '' };
    return { route, localpart: join(words.slice(0, at)), domain: join(words.slice(at + 1)) };
  }

  #readWord(char: string, spaceBefore: boolean): Word {
    if (char === '"') return { text: this.#readQuoted('"'), quoted: true, spaceBefore };
    if (char === '[') return { text: `[${this.#readQuoted(']')}]`, quoted: false, spaceBefore };
    const start = this.#pos++;
    if (!isSpecial(char)) {
      while (this.#pos < this.#text.length && !isSpecial(this.#text[this.#pos]!)) this.#pos++;
    }
    return { text: this.#text.slice(start, this.#pos), quoted: false, spaceBefore };
  }

  /** Reads from an opening mark to the closing one, without both. */
  #readQuoted(close: string): string {
    const start = ++this.#pos;
    let escaped = false;
    for (; this.#pos < this.#text.length; this.#pos++) {
      const char = this.#text[this.#pos];
      if (char === '\\') {
        escaped = true;
        this.#pos++;
      } else if (char === close) break;
    }
    const content = this.#text.slice(start, this.#pos++);
    return escaped ? content.replace(/\\([\s\S])/g, '$1') : content;
  }

  #readComment(): string {
    const start = this.#pos + 1;
    let depth = 0;
    for (; this.#pos < this.#text.length; this.#pos++) {
      const char = this.#text[this.#pos];
      if (char === '\\') this.#pos++;
      else if (char === '(') depth++;
      else if (char === ')' && --depth === 0) break;
    }
    const content = this.#text.slice(start, this.#pos++);
    return trimBlanks(content.replace(/\\([\s\S])/g, '$1'));
  }
}

function startsNewWord(words: Word[], index: number): boolean {
  const word = words[index]!;
  if (!word.spaceBefore) return false;
  return !word.text.startsWith('.') && !words[index - 1]!.text.endsWith('.');
}

function joinPhrase(words: Word[]): string {
  let phrase = '';
  for (const word of words) phrase += word.spaceBefore && phrase !== '' ? ` ${word.text}` : word.text;
  return trimBlanks(phrase);
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}

function isSpecial(char: string): boolean {
  switch (char) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '(':
    case ')':
    case '<':
    case '>':
    case '"':
    case ',':
    case ';':
    case ':':
    case '@':
    case '[':
      return true;
    default:
      return false;
  }
}
