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

function resultsOf([server = [], ...statements]: readonly (readonly Token[])[]): Omit<ArcResults, 'instance'> {
  const results: MethodResult[] = [];
  for (const tokens of statements.slice(0, limits.authenticationResults)) {
    const [first, ...others] = pairsOf(tokens);
    if (first === undefined) continue;
    const properties = new Map<string, string>();
    for (const [name, value] of others.slice(0, limits.authenticationResultProperties)) {
      if (name.includes('.') && !properties.has(name)) properties.set(name, value);
    }
    const [method, result] = first;
    results.push({ method: method.replace(/\/.*/s, ''), result: result.toLowerCase(), properties });
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

/** What is between the semicolons, without comments. */
function statementsOf(text: ByteText): Token[][] {
  const statements: Token[][] = [[]];
  // What comes next goes on with the word that was just read.
  let word: Token | undefined;
  const add = (piece: string): void => {
    if (word !== undefined) word.text += piece;
    else statements.at(-1)!.push((word = { text: piece, isEquals: false }));
  };
  const piece = /([^\s;="()\\]+)|"((?:[^"\\]|\\.)*)"|[^]/gy;
  let depth = 0;
  for (let match = piece.exec(text); match !== null; match = piece.exec(text)) {
    const [all, plain, quoted] = match;
    if (depth > 0) {
      // In a comment, quotes mean nothing, and a backslash hides what follows.
      if (all.length > 1 && plain === undefined) piece.lastIndex = match.index + 1;
      else if (all === '\\') piece.lastIndex++;
      else if (all === '(') depth++;
      else if (all === ')') depth--;
    } else if (plain !== undefined) add(plain);
    else if (quoted !== undefined) add(quoted.replaceAll(/\r?\n/g, '').replaceAll(/\\(.)/gs, '$1'));
    else {
      word = undefined;
      if (all === '(') depth = 1;
      else if (all === ';') statements.push([]);
      else if (all === '=') statements.at(-1)!.push({ text: all, isEquals: true });
    }
  }
  return statements;
}
