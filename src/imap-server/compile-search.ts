import { EnvelopeScanner, envelopeFields } from '../imap/envelope-scanner.ts';
import type { SearchKey } from '../imap/search-keys.ts';
import { isWithin, resolveRanges } from '../imap/sequence-set.ts';
import { parseDate } from '../message/parse-date.ts';
import { searchMessageText } from '../message/search-message-text.ts';
import { TextMatcher } from '../message/text-matcher.ts';
import { flagBit } from '../store/flags.ts';
import { envelopeKeys } from './envelope-keys.ts';
import type { SearchAnswer, SearchAnswers } from './search-answers.ts';
import { SearchCandidate } from './search-candidate.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** @returns whether a message matches, or undefined when more of it has to be known */
export type SearchTest = (candidate: SearchCandidate) => boolean | undefined;

const dayMs = 86_400_000;

/**
 * Makes the test of a search key. Cheap facts are asked first: a test answers as soon as what is known decides it.
 * @param context.nowMs for OLDER and YOUNGER
 */
export function compileSearch(
  key: SearchKey,
  mailbox: SelectedMailbox,
  context: { readonly nowMs: number; readonly answers: SearchAnswers },
): SearchTest {
  const { nowMs, answers } = context;
  const compile = (inner: SearchKey): SearchTest => compileSearch(inner, mailbox, context);
  switch (key.kind) {
    case 'all':
      return () => true;
    case 'none':
      return () => false;
    case 'and':
      return all(key.keys.map(compile));
    case 'or':
      return any(key.keys.map(compile));
    case 'not': {
      const test = compile(key.key);
      return (candidate) => {
        const result = test(candidate);
        return result === undefined ? undefined : !result;
      };
    }
    case 'recent':
      return ({ row }) => mailbox.recent.has(row.uid);
    case 'flag':
      return flagTest(key.flag, key.set);
    case 'sequence':
    case 'uid': {
      if (key.kind === 'uid' && !key.set.saved) {
        const ranges = resolveRanges(key.set, mailbox.uids.last);
        return ({ row }) => isWithin(ranges, row.uid);
      }
      const uids = new Set(mailbox.matching(key.set, key.kind === 'uid'));
      return ({ row }) => uids.has(row.uid);
    }
    case 'received':
      return ({ row }) => compareDays(key.compare, Math.floor(row.receivedAt / dayMs), key.day);
    case 'saved':
      return ({ row }) => compareDays(key.compare, Math.floor(row.savedAt / dayMs), key.day);
    case 'sent':
      return ({ rendered }) => {
        if (rendered === undefined) return undefined;
        const text = EnvelopeScanner.string(rendered.envelope, envelopeFields.date);
        const date = text === undefined ? undefined : parseDate(text);
        if (date === undefined) return false;
        // The date as the sender wrote it, whatever the zone.
        return compareDays(key.compare, Math.floor((date.timestampMs + date.offsetMinutes * 60_000) / dayMs), key.day);
      };
    case 'larger':
      return ({ row }) => row.sizeBytes > key.sizeBytes;
    case 'smaller':
      return ({ row }) => row.sizeBytes < key.sizeBytes;
    case 'older':
      return ({ row }) => row.receivedAt <= nowMs - key.seconds * 1000;
    case 'younger':
      return ({ row }) => row.receivedAt >= nowMs - key.seconds * 1000;
    case 'modseq':
      return ({ row }) => row.modseq >= key.modseq;
    case 'header':
      return among(answers.get(key), headerTest(key.field, key.value));
    case 'emailId':
    case 'threadId': {
      const answer = answers.get(key);
      if (answer === undefined) throw new TypeError('Cannot search: the database was not asked');
      return among(answer, () => true);
    }
    case 'fuzzy': {
      const test = compile(key.key);
      const hits = answers.get(key)?.hits;
      return (candidate) => hits?.has(candidate.row.uid) === true || test(candidate);
    }
    case 'text':
    case 'body': {
      const matcher = new TextMatcher(key.value);
      const options = { headers: key.kind === 'text' };
      return among(answers.get(key), ({ content }) =>
        content === undefined ? undefined : searchMessageText(content.bytes, content.structure, matcher, options),
      );
    }
  }
}

/** A test of which an index has said which messages may pass it. */
function among(answer: SearchAnswer | undefined, test: SearchTest): SearchTest {
  if (answer?.uids === undefined) return test;
  const uids = new Set(answer.uids);
  return (candidate) => (uids.has(candidate.row.uid) ? test(candidate) : false);
}

function all(tests: readonly SearchTest[]): SearchTest {
  return (candidate) => {
    let result: boolean | undefined = true;
    for (const test of tests) {
      const one = test(candidate);
      if (one === false) return false;
      if (one === undefined) result = undefined;
    }
    return result;
  };
}

function any(tests: readonly SearchTest[]): SearchTest {
  return (candidate) => {
    let result: boolean | undefined = false;
    for (const test of tests) {
      const one = test(candidate);
      if (one === true) return true;
      if (one === undefined) result = undefined;
    }
    return result;
  };
}

function flagTest(name: string, set: boolean): SearchTest {
  const bit = flagBit(name);
  if (bit !== undefined) return ({ row }) => ((row.flagBits & bit) !== 0) === set;
  const lower = name.toLowerCase();
  return ({ row }) => row.keywords.some((keyword) => keyword.toLowerCase() === lower) === set;
}

function headerTest(field: string, value: string): SearchTest {
  const matcher = new TextMatcher(value);
  if (envelopeKeys.has(field)) {
    return ({ rendered }) => {
      if (rendered === undefined) return undefined;
      const text = SearchCandidate.envelopeText(rendered.envelope, field);
      return text !== undefined && matcher.matchesText(text);
    };
  }
  return ({ header }) => {
    if (header === undefined) return undefined;
    return SearchCandidate.headerTexts(header, field).some((text) => matcher.matchesText(text));
  };
}

function compareDays(compare: 'before' | 'on' | 'since', day: number, wanted: number): boolean {
  if (compare === 'before') return day < wanted;
  return compare === 'on' ? day === wanted : day >= wanted;
}

/** Whether a key may ask for fields of the header that the envelope doesn't have. */
export function asksHeader(key: SearchKey): boolean {
  if (key.kind === 'header') return !envelopeKeys.has(key.field);
  if (key.kind === 'not' || key.kind === 'fuzzy') return asksHeader(key.key);
  return (key.kind === 'and' || key.kind === 'or') && key.keys.some(asksHeader);
}

/** How much of a message has to be known before a key may be decided. */
export function knowledgeNeeded(key: SearchKey): 'row' | 'rendered' {
  switch (key.kind) {
    case 'header':
      // Headers that the index of texts has need no more.
      return envelopeKeys.has(key.field) ? 'rendered' : 'row';
    case 'sent':
    case 'text':
    case 'body':
      return 'rendered';
    case 'not':
    case 'fuzzy':
      return knowledgeNeeded(key.key);
    case 'and':
    case 'or':
      return key.keys.every((inner) => knowledgeNeeded(inner) === 'rendered') ? 'rendered' : 'row';
    default:
      return 'row';
  }
}
