import { limits } from '../runtime/limits.ts';
import type { ArgumentParser } from './argument-parser.ts';
import { decodeUtf8 } from './byte-text.ts';
import type { SequenceSet } from './sequence-set.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** What SEARCH asks of a message. */
export type SearchKey =
  | { readonly kind: 'all' | 'none' | 'recent' }
  | { readonly kind: 'and' | 'or'; readonly keys: readonly SearchKey[] }
  | { readonly kind: 'not'; readonly key: SearchKey }
  | { readonly kind: 'flag'; readonly flag: string; readonly set: boolean }
  | { readonly kind: 'sequence' | 'uid'; readonly set: SequenceSet }
  /** Days since 1970 of INTERNALDATE, of SAVEDATE, or of the Date field as written there. */
  | { readonly kind: 'received' | 'saved' | 'sent'; readonly compare: 'before' | 'on' | 'since'; readonly day: number }
  | { readonly kind: 'larger' | 'smaller'; readonly sizeBytes: number }
  | { readonly kind: 'older' | 'younger'; readonly seconds: number }
  | { readonly kind: 'modseq'; readonly modseq: number }
  /** An empty value asks only whether there is such a field. */
  | { readonly kind: 'header'; readonly field: string; readonly value: string }
  | { readonly kind: 'text' | 'body'; readonly value: string }
  | { readonly kind: 'emailId' | 'threadId'; readonly objectId: string }
  /** Matched as the server sees fit; the key isn't made of others. */
  | { readonly kind: 'fuzzy'; readonly key: SearchKey };

/** A charset that SEARCH doesn't know: `NO [BADCHARSET]`. */
export class UnknownCharsetError extends ImapSyntaxError {}

/** RFC 8474 §7 */
const objectId = /[A-Za-z0-9_-]{1,255}(?![A-Za-z0-9_-])/y;

const flagKeys: Record<string, readonly [flag: string, set: boolean]> = {
  ANSWERED: ['\\Answered', true],
  DELETED: ['\\Deleted', true],
  DRAFT: ['\\Draft', true],
  FLAGGED: ['\\Flagged', true],
  SEEN: ['\\Seen', true],
  UNANSWERED: ['\\Answered', false],
  UNDELETED: ['\\Deleted', false],
  UNDRAFT: ['\\Draft', false],
  UNFLAGGED: ['\\Flagged', false],
  UNSEEN: ['\\Seen', false],
};

/**
 * Parses `[CHARSET name] key [key …]` to the end of the command.
 * @returns one key; several given are joined by `and`
 * @throws ImapSyntaxError, UnknownCharsetError
 * Source: RFC 9051 §6.4.4, RFC 3501 §6.4.4 (NEW, OLD, RECENT), RFC 5032 (OLDER, YOUNGER), RFC 7162 §3.1.5 (MODSEQ), RFC 8514 §4.3
 * (SAVEDBEFORE and others), RFC 8474 §6 (EMAILID, THREADID), RFC 6203 §3 (FUZZY)
 */
export function parseSearchProgram(parser: ArgumentParser): SearchKey {
  return parser.takeIf('CHARSET ') ? parseSearchProgramIn(parser) : parseKeys(parser, false);
}

/** Parses `name key [key …]`, as SORT has it: the charset must be named. @throws as parseSearchProgram. Source: RFC 5256 §3 */
export function parseSearchProgramIn(parser: ArgumentParser): SearchKey {
  const charset = parser.astring().toUpperCase();
  if (charset !== 'UTF-8' && charset !== 'US-ASCII') throw new UnknownCharsetError('Unknown charset');
  parser.space();
  return parseKeys(parser, charset === 'US-ASCII');
}

function parseKeys(parser: ArgumentParser, ascii: boolean): SearchKey {
  const keys = new SearchKeyParser(parser, ascii).keys();
  parser.end();
  return keys;
}

function toFuzzy(key: SearchKey): SearchKey {
  switch (key.kind) {
    case 'fuzzy':
      return key;
    case 'not':
      return { kind: 'not', key: toFuzzy(key.key) };
    case 'and':
    case 'or':
      return { kind: key.kind, keys: key.keys.map(toFuzzy) };
    default:
      return { kind: 'fuzzy', key };
  }
}

class SearchKeyParser {
  readonly #parser: ArgumentParser;
  readonly #ascii: boolean;
  #depth = 0;
  #count = 0;

  constructor(parser: ArgumentParser, ascii: boolean) {
    this.#parser = parser;
    this.#ascii = ascii;
  }

  /** Keys up to the end or a closing parenthesis. */
  keys(): SearchKey {
    const keys = [this.key()];
    while (this.#parser.takeIf(' ')) keys.push(this.key());
    return keys.length === 1 ? keys[0] : { kind: 'and', keys };
  }

  key(): SearchKey {
    const parser = this.#parser;
    this.#count++;
    if (this.#count > limits.imapSearchKeys) parser.fail('Too many search keys');
    if (this.#depth > limits.imapSearchDepth) parser.fail('Search keys are nested too deeply');
    this.#depth++;
    const key = this.#oneKey(parser);
    this.#depth--;
    return key;
  }

  #oneKey(parser: ArgumentParser): SearchKey {
    if (parser.takeIf('(')) {
      const keys = this.keys();
      parser.take(')');
      return keys;
    }
    if (/[\d*$]/.test(parser.peek())) return { kind: 'sequence', set: parser.sequenceSet() };
    const name = parser.word();
    const flag = flagKeys[name];
    if (flag !== undefined) return { kind: 'flag', flag: flag[0], set: flag[1] };
    switch (name) {
      case 'ALL':
        return { kind: 'all' };
      case 'RECENT':
        return { kind: 'recent' };
      case 'OLD':
        return { kind: 'not', key: { kind: 'recent' } };
      case 'NEW':
        return { kind: 'and', keys: [{ kind: 'recent' }, { kind: 'flag', flag: '\\Seen', set: false }] };
      case 'BCC':
      case 'CC':
      case 'FROM':
      case 'SUBJECT':
      case 'TO':
        return { kind: 'header', field: name.toLowerCase(), value: this.#text() };
      case 'HEADER': {
        parser.space();
        const field = parser.astring().toLowerCase();
        return { kind: 'header', field, value: this.#text() };
      }
      case 'BODY':
      case 'TEXT':
        return { kind: name === 'BODY' ? 'body' : 'text', value: this.#text() };
      case 'KEYWORD':
      case 'UNKEYWORD':
        parser.space();
        return { kind: 'flag', flag: parser.atom(), set: name === 'KEYWORD' };
      case 'BEFORE':
      case 'ON':
      case 'SINCE':
        return { kind: 'received', compare: name.toLowerCase() as 'before', day: this.#day() };
      case 'SENTBEFORE':
      case 'SENTON':
      case 'SENTSINCE':
        return { kind: 'sent', compare: name.slice(4).toLowerCase() as 'before', day: this.#day() };
      case 'SAVEDBEFORE':
      case 'SAVEDON':
      case 'SAVEDSINCE':
        return { kind: 'saved', compare: name.slice(5).toLowerCase() as 'before', day: this.#day() };
      case 'SAVEDATESUPPORTED':
        return { kind: 'all' };
      case 'LARGER':
      case 'SMALLER':
        parser.space();
        return { kind: name === 'LARGER' ? 'larger' : 'smaller', sizeBytes: parser.number64() };
      case 'OLDER':
      case 'YOUNGER': {
        parser.space();
        const seconds = parser.number();
        if (seconds === 0) parser.fail('Interval must not be 0');
        return { kind: name === 'OLDER' ? 'older' : 'younger', seconds };
      }
      case 'EMAILID':
      case 'THREADID':
        return { kind: name === 'EMAILID' ? 'emailId' : 'threadId', objectId: this.#objectId() };
      case 'FUZZY':
        parser.space();
        return toFuzzy(this.key());
      case 'NOT':
        parser.space();
        return { kind: 'not', key: this.key() };
      case 'OR': {
        parser.space();
        const first = this.key();
        parser.space();
        return { kind: 'or', keys: [first, this.key()] };
      }
      case 'UID':
        parser.space();
        return { kind: 'uid', set: parser.sequenceSet() };
      case 'MODSEQ':
        return this.#modseq();
    }
    return parser.fail('Unknown search key');
  }

  #modseq(): SearchKey {
    const parser = this.#parser;
    parser.space();
    // RFC 7162 §3.1.5: an entry name and type may come first. We keep one MODSEQ for all flags of a message.
    if (parser.peek() === '"') {
      if (!/^\/flags\/./.test(parser.string())) parser.fail('Unknown metadata entry');
      parser.space();
      if (!['PRIV', 'SHARED', 'ALL'].includes(parser.word())) parser.fail('"priv", "shared" or "all" expected');
      parser.space();
    }
    return { kind: 'modseq', modseq: parser.number64() };
  }

  #objectId(): string {
    this.#parser.space();
    return this.#parser.match(objectId) ?? this.#parser.fail('Object identifier expected');
  }

  #day(): number {
    this.#parser.space();
    return this.#parser.day();
  }

  #text(): string {
    this.#parser.space();
    const bytes = this.#parser.astring();
    if (this.#ascii && /[^\x00-\x7f]/.test(bytes)) this.#parser.fail('8-bit text in US-ASCII');
    return decodeUtf8(bytes) ?? this.#parser.fail('Text is not valid UTF-8');
  }
}
