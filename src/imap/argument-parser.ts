import type { ByteText } from '../message/structure.ts';
import { parseDateTime, parseDay } from './date-time.ts';
import { highest, type SequenceSet } from './sequence-set.ts';
import { ImapSyntaxError } from './syntax-error.ts';

const atomChars = /[^\x00-\x20\x7f-\xff(){%*"\\\]]+/y;
const astringChars = /[^\x00-\x20\x7f-\xff(){%*"\\]+/y;
const listChars = /[^\x00-\x20\x7f-\xff(){"\\]+/y;
const tagChars = /[^\x00-\x20\x7f-\xff(){%*"\\+]+/y;
const quotedChars = /"((?:[^"\\\x00\r\n]|\\["\\])*)"/y;
const literalStart = /~?\{(\d{1,10})\+?\}\r?\n/y;
const numberChars = /\d{1,16}/y;
const number64Chars = /\d{1,19}/y;
const setChars = /[\d:*,]+|\$/y;
const systemFlag = /\\[^\x00-\x20\x7f-\xff(){%*"\\\]]+/y;

/**
 * Reads the arguments of one command, whose literals stand in the text after their `{n}` and line end. One character a byte.
 * Every method throws {@link ImapSyntaxError}, and nothing else, at what doesn't fit; what it says may be sent to the client.
 * Source: RFC 9051 §9
 */
export class ArgumentParser {
  readonly text: ByteText;
  #at: number;

  constructor(text: ByteText, at = 0) {
    this.text = text;
    this.#at = at;
  }

  get position(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  /** The rest of the text, unread. */
  get rest(): ByteText {
    return this.text.slice(this.#at);
  }

  peek(): string {
    return this.text.charAt(this.#at);
  }

  fail(what: string): never {
    throw new ImapSyntaxError(what);
  }

  end(): void {
    if (!this.atEnd) this.fail('Unexpected characters after the arguments');
  }

  space(): void {
    if (this.peek() !== ' ') this.fail(this.atEnd ? 'Missing argument' : 'Space expected');
    this.#at++;
  }

  /** Takes a text if it is next, in any case. */
  takeIf(expected: string): boolean {
    const { length } = expected;
    const next = this.text.substr(this.#at, length);
    if (next !== expected && next.toUpperCase() !== expected.toUpperCase()) return false;
    this.#at += length;
    return true;
  }

  take(expected: string): void {
    if (!this.takeIf(expected)) this.fail(`"${expected}" expected`);
  }

  tag(): string {
    return this.match(tagChars) ?? this.fail('Missing tag');
  }

  atom(): string {
    return this.match(atomChars) ?? this.fail('Atom expected');
  }

  /** An atom in upper case: names of commands, items, keys. */
  word(): string {
    return this.atom().toUpperCase();
  }

  number(): number {
    const digits = this.match(numberChars);
    if (digits === undefined) this.fail('Number expected');
    const value = Number(digits);
    if (value > 0xffff_ffff) this.fail('Number out of range');
    return value;
  }

  /** A number of 63 bits; those beyond 2^53 are taken as 2^53 - 1, which no MODSEQ or size reaches. */
  number64(): number {
    const digits = this.match(number64Chars);
    if (digits === undefined) this.fail('Number expected');
    return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
  }

  astring(): ByteText {
    return this.match(astringChars) ?? this.string();
  }

  /** Quoted or literal. */
  string(): ByteText {
    quotedChars.lastIndex = this.#at;
    const quoted = quotedChars.exec(this.text);
    if (quoted !== null) {
      this.#at = quotedChars.lastIndex;
      const bytes = quoted[1];
      return bytes.includes('\\') ? bytes.replace(/\\(.)/g, '$1') : bytes;
    }
    return this.literal();
  }

  nstring(): ByteText | undefined {
    return this.takeIf('NIL') ? undefined : this.string();
  }

  literal(): ByteText {
    literalStart.lastIndex = this.#at;
    const start = literalStart.exec(this.text);
    if (start === null) this.fail(this.atEnd ? 'Missing argument' : 'String expected');
    const from = literalStart.lastIndex;
    const to = from + Number(start[1]);
    if (to > this.text.length) this.fail('Literal is not complete');
    const bytes = this.text.slice(from, to);
    // RFC 9051 §9: a literal holds CHAR8, which has no NUL.
    if (bytes.includes('\0') && !start[0].startsWith('~')) this.fail('NUL in a literal');
    this.#at = to;
    return bytes;
  }

  /** A pattern of LIST: an astring in which `%` and `*` need no quotes. */
  listMailbox(): ByteText {
    return this.match(listChars) ?? this.string();
  }

  /** Items in parentheses, at least `least`, each followed by a space but the last. */
  list(item: () => void, least = 0): void {
    this.take('(');
    let count = 0;
    while (!this.takeIf(')')) {
      if (count > 0) this.space();
      item();
      count++;
    }
    if (count < least) this.fail('Empty list');
  }

  sequenceSet(): SequenceSet {
    const text = this.match(setChars);
    if (text === undefined) this.fail('Sequence set expected');
    if (text === '$') return { saved: true, ranges: [] };
    const ranges: number[] = [];
    for (const part of text.split(',')) {
      const [first, last, more] = part.split(':');
      if (more !== undefined) this.fail('Invalid sequence set');
      const start = this.#setNumber(first);
      ranges.push(start, last === undefined ? start : this.#setNumber(last));
    }
    return { saved: false, ranges };
  }

  /** A system flag or keyword, as written. */
  flag(): string {
    return this.match(systemFlag) ?? this.match(atomChars) ?? this.fail('Flag expected');
  }

  flagList(): string[] {
    const flags: string[] = [];
    this.list(() => flags.push(this.flag()));
    return flags;
  }

  /** @returns milliseconds since 1970 */
  dateTime(): number {
    if (this.peek() !== '"') this.fail('Date and time expected');
    return parseDateTime(this.string()) ?? this.fail('Invalid date and time');
  }

  /** @returns days since 1970 */
  day(): number {
    const text = this.peek() === '"' ? this.string() : this.atom();
    return parseDay(text) ?? this.fail('Invalid date');
  }

  #setNumber(text: string): number {
    if (text === '*') return highest;
    const value = Number(text);
    if (!/^\d{1,10}$/.test(text) || value === 0 || value > 0xffff_ffff) this.fail('Invalid sequence set');
    return value;
  }

  /** Takes what a sticky pattern matches. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match[0];
  }
}
