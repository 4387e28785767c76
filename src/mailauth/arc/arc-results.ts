import type { ByteText } from '../../message/structure.ts';
import { limits } from '../../runtime/limits.ts';

/** What a server has found out about a message by one method. */
export interface MethodResult {
  /** Lower case: `spf`, `dkim`, `dmarc`. */
  readonly method: string;
  /** Lower case: `pass`. */
  readonly result: string;
  /** By type and name in lower case, such as `header.from`; of several of one name the first. */
  readonly properties: ReadonlyMap<string, string>;
}

export interface ArcResults {
  /** Of the set that it belongs to. */
  readonly instance: number;
  /** Authserv-id, in lower case: the server that says it. */
  readonly server: string;
  readonly results: readonly MethodResult[];
}

/** A word, a quoted-string without its quotes, both without blank between them, or a sign `=`. */
interface Token {
  text: string;
  readonly isEquals: boolean;
}

/**
 * Parses what follows the colon of ARC-Authentication-Results: what Authentication-Results has, after the number of the set. Results that
 * are not understood are passed over; nothing in a comment or a quoted-string is taken for one.
 * @param value folded as it stands
 * @returns undefined without a number at its place
 * Source: RFC 8617 §4.1.1, §4.2.1; RFC 8601 §2.2
 */
export function parseArcResults(value: ByteText): ArcResults | undefined {
  const [first = [], ...others] = statementsOf(value);
  const [name, equals, number] = first;
  if (first.length !== 3 || name!.text !== 'i' || !equals!.isEquals || others.length === 0) return undefined;
  if (!/^[0-9]{1,2}$/.test(number!.text)) return undefined;
  return { instance: Number(number!.text), ...resultsOf(others) };
}

/** RFC 8601 §2.2, RFC 5321 §4.1.2 */
const keyword = /^[a-z0-9-]{1,50}$/;

function resultsOf([server = [], ...statements]: readonly (readonly Token[])[]): Omit<ArcResults, 'instance'> {
  const results: MethodResult[] = [];
  for (const tokens of statements.slice(0, limits.authenticationResults)) {
    const [first, ...others] = pairsOf(tokens);
    if (first === undefined) continue;
    const properties = new Map<string, string>();
    for (const [name, value] of others.slice(0, limits.authenticationResultProperties)) {
      if (name.includes('.') && !properties.has(name)) properties.set(name, value);
    }
    // Behind a slash is the version of the method.
    const [method = ''] = first[0].split('/');
    const result = first[1].toLowerCase();
    if (keyword.test(method) && keyword.test(result)) results.push({ method, result, properties });
  }
  return { server: (server[0]?.text ?? '').toLowerCase(), results };
}

/** Name in lower case, and value; the first must be at the beginning, between the others may be anything. */
function pairsOf(tokens: readonly Token[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < tokens.length; at++) {
    const [name, equals, value] = tokens.slice(at, at + 3);
    if (!name!.isEquals && equals?.isEquals && value?.isEquals === false) {
      pairs.push([name!.text.toLowerCase(), value.text]);
      at += 2;
    } else if (at === 0) return [];
  }
  return pairs;
}

/** What is between the semicolons, without comments. Takes time with the length of the text, whatever is in it. */
function statementsOf(text: ByteText): Token[][] {
  const statements: Token[][] = [[]];
  // What comes next goes on with the word that was just read.
  let word: Token | undefined;
  const add = (piece: string): void => {
    if (word === undefined) {
      word = { text: '', isEquals: false };
      statements.at(-1)!.push(word);
    }
    word.text += piece;
  };
  for (let at = 0; at < text.length; ) {
    const sign = text[at]!;
    if (sign === '"') {
      const end = quotedEnd(text, at);
      add(unquoted(text.slice(at + 1, end)));
      at = end + 1;
    } else if (sign === '(') {
      word = undefined;
      at = commentEnd(text, at);
    } else if (ends.has(sign)) {
      word = undefined;
      if (sign === ';') statements.push([]);
      else if (sign === '=') statements.at(-1)!.push({ text: sign, isEquals: true });
      at++;
    } else {
      let end = at + 1;
      while (end < text.length && !ends.has(text[end]!)) end++;
      add(text.slice(at, end));
      at = end;
    }
  }
  return statements;
}

/** What ends a word. */
const ends: ReadonlySet<string> = new Set([' ', '\t', '\r', '\n', ';', '=', '"', '(']);

/** @returns where the closing quote is; the end of the text when there is none */
function quotedEnd(text: ByteText, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return Math.min(at, text.length);
}

/** @returns the place after the comment, in which there may be others; the end of the text when it doesn't end */
function commentEnd(text: ByteText, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const sign = text[at];
    if (sign === '\\') at++;
    else if (sign === '(') depth++;
    else if (sign === ')' && --depth === 0) return at + 1;
  }
  return text.length;
}

function unquoted(text: ByteText): string {
  return text.replaceAll(/\r?\n/g, '').replaceAll(/\\(.)/gs, '$1');
}
