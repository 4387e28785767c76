import type { ByteText } from '../message/structure.ts';
import { RestanteError } from '../runtime/errors.ts';

/** What a server sent is no response of the grammar. */
export class ImapResponseError extends RestanteError {
  constructor(detail: string) {
    super('imap-response', `Cannot parse IMAP response: ${detail}`);
  }
}

/** Stands where a literal was that somebody else has taken. */
export const streamedLiteral = Symbol('streamed literal');

/**
 * A response as it came: text between literals, and literals. The texts are without the announcements of literals and without the line
 * end, so texts and literals take turns, beginning and ending with a text.
 */
export interface RawResponse {
  readonly texts: readonly ByteText[];
  readonly literals: readonly (ByteText | typeof streamedLiteral)[];
}

/** An atom, number or string; null for NIL; a list. */
export type ResponseValue = ByteText | null | typeof streamedLiteral | readonly ResponseValue[];

/** Lists within lists: those of NAMESPACE and FETCH without BODYSTRUCTURE need three. */
const maxDepth = 20;

const atomEnd = /[ ()"]/g;

/**
 * Reads the data of a response, leniently: servers differ in what they quote.
 * Source: RFC 9051 §9 `response-data`
 */
export class ResponseParser {
  readonly #response: RawResponse;
  #part = 0;
  #at: number;

  /** @param at where the data begins in the first text */
  constructor(response: RawResponse, at: number) {
    this.#response = response;
    this.#at = at;
  }

  /** All values up to the end. @throws ImapResponseError */
  values(): ResponseValue[] {
    const values: ResponseValue[] = [];
    for (;;) {
      this.#skipSpaces();
      if (this.#atEnd()) return values;
      values.push(this.#value(0));
    }
  }

  get #text(): ByteText {
    return this.#response.texts[this.#part]!;
  }

  #atEnd(): boolean {
    return this.#at >= this.#text.length && this.#part === this.#response.literals.length;
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #value(depth: number): ResponseValue {
    if (this.#at >= this.#text.length) return this.#literal();
    const first = this.#text[this.#at];
    if (first === '(') return this.#list(depth);
    if (first === '"') return this.#quoted();
    if (first === ')') throw new ImapResponseError('")" without "("');
    const atom = this.#atom();
    return atom.toUpperCase() === 'NIL' ? null : atom;
  }

  #literal(): ByteText | typeof streamedLiteral {
    const literal = this.#response.literals[this.#part];
    if (literal === undefined) throw new ImapResponseError('it ends too early');
    this.#part++;
    this.#at = 0;
    return literal;
  }

  #list(depth: number): ResponseValue[] {
    if (depth >= maxDepth) throw new ImapResponseError('lists are nested too deep');
    this.#at++;
    const values: ResponseValue[] = [];
    for (;;) {
      this.#skipSpaces();
      if (this.#text[this.#at] === ')') {
        this.#at++;
        return values;
      }
      values.push(this.#value(depth + 1));
    }
  }

  #quoted(): ByteText {
    const text = this.#text;
    const start = this.#at + 1;
    let end = text.indexOf('"', start);
    while (end !== -1 && isEscaped(text, start, end)) end = text.indexOf('"', end + 1);
    if (end === -1) throw new ImapResponseError('a quoted string has no end');
    const inside = text.slice(start, end);
    this.#at = end + 1;
    return inside.includes('\\') ? inside.replace(/\\(.)/g, '$1') : inside;
  }

  #atom(): ByteText {
    const text = this.#text;
    const start = this.#at;
    // The section of BODY[HEADER.FIELDS (Date)] has spaces.
    const section = /^(?:BODY|BINARY|BINARY\.SIZE)\[[^\]]*\](?:<\d+>)?/i.exec(text.slice(start, start + 200));
    atomEnd.lastIndex = section === null ? start : start + section[0].length;
    this.#at = atomEnd.exec(text)?.index ?? text.length;
    return text.slice(start, this.#at);
  }
}

/** Whether an odd number of backslashes goes before, from `start` on. */
function isEscaped(text: ByteText, start: number, at: number): boolean {
  let backslashes = 0;
  while (at - backslashes > start && text[at - backslashes - 1] === '\\') backslashes++;
  return backslashes % 2 === 1;
}
