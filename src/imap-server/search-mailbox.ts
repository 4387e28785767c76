import type { SearchKey } from '../imap/search-keys.ts';
import { TextMatcher } from '../message/text-matcher.ts';
import type { RenderedMessageRow } from '../store/messages/message-rows.ts';
import { isLeftOut } from '../store/text-index/indexed-header.ts';
import { asksHeader, compileSearch, knowledgeNeeded, type SearchTest } from './compile-search.ts';
import { envelopeKeys } from './envelope-keys.ts';
import { flagBitsTest } from './flag-search.ts';
import { MessageContent } from './message-content.ts';
import { Pace } from './pace.ts';
import type { Progress } from './progress.ts';
import { type Relevancy, relevancyOf } from './relevancy.ts';
import { answerFromIndexes, keysWithin, type SearchAnswers } from './search-answers.ts';
import { SearchCandidate, textFields } from './search-candidate.ts';
import { searchableContent } from './searchable-content.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** What SEARCH found. */
export interface Found {
  /** Ascending. */
  readonly uids: Uint32Array;
  /** MODSEQ of each, when rows were read. */
  readonly modseqs: readonly number[] | undefined;
  /** When something in the search was fuzzy. */
  readonly relevancy: Relevancy | undefined;
}

/** Messages read from the database at a time. */
const batchSize = 500;

/**
 * Finds the messages of the client's view that match and still exist.
 * @param options.wantsModseqs whether MODSEQ of what is found is asked for
 * @param options.progress told of each message that is looked at
 */
export async function searchMailbox(
  mailbox: SelectedMailbox,
  key: SearchKey,
  options: { nowMs: number; wantsModseqs: boolean; progress?: Progress },
): Promise<Found> {
  const pace = new Pace();
  const answers = await answerFromIndexes(mailbox, key, namedMessages(mailbox, key));
  const relevancy = relevancyOf(key, answers);
  const { rest, uids } = await narrow(mailbox, key, answers, pace);
  if (rest === undefined && !options.wantsModseqs) return { uids, modseqs: undefined, relevancy };
  return { ...(await testMessages(mailbox, uids, rest, { ...options, answers, pace })), relevancy };
}

/** Those of some messages of the client's view that match and still exist. @param uids ascending. @returns ascending */
export async function matchMessages(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  key: SearchKey,
  nowMs: number,
): Promise<Uint32Array> {
  const answers = await answerFromIndexes(mailbox, key, uids.length);
  return (await testMessages(mailbox, uids, key, { nowMs, answers, pace: new Pace() })).uids;
}

/** How many messages may match, as the message numbers and UIDs say that all have to have. */
function namedMessages(mailbox: SelectedMailbox, key: SearchKey): number {
  let named = mailbox.uids.count;
  for (const one of key.kind === 'and' ? key.keys : [key]) {
    if (one.kind !== 'sequence' && one.kind !== 'uid') continue;
    named = Math.min(named, mailbox.matching(one.set, one.kind === 'uid').length);
  }
  return named;
}

async function testMessages(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  rest: SearchKey | undefined,
  { nowMs, answers, pace, progress }: { nowMs: number; answers: SearchAnswers; pace: Pace; progress?: Progress },
): Promise<Pick<Found, 'uids' | 'modseqs'>> {
  const test: SearchTest = rest === undefined ? () => true : compileSearch(rest, mailbox, { nowMs, answers });
  const rendered = rest !== undefined && knowledgeNeeded(rest) === 'rendered';
  const byHeader = rest !== undefined && asksHeader(rest);
  const found: number[] = [];
  const modseqs: number[] = [];
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = uids.subarray(at, at + batchSize);
    for (const candidate of await readBatch(
      mailbox,
      batch,
      { rendered, headersFor: byHeader ? rest : undefined },
      test,
    )) {
      const result = candidate.result ?? (await decideByContent(mailbox, candidate, test, byHeader));
      if (result) {
        found.push(candidate.row.uid);
        modseqs.push(candidate.row.modseq);
      }
      if (pace.over) await pace.turn();
    }
    progress?.advance(Math.min(batchSize, uids.length - at), uids.length);
  }
  return { uids: Uint32Array.from(found), modseqs };
}

/**
 * Answers what the database can by itself, where all keys must match: what its indexes know, flags that are bits, message numbers, and envelope fields, for
 * which it finds the few envelopes that hold the text at all.
 */
async function narrow(
  mailbox: SelectedMailbox,
  key: SearchKey,
  answers: SearchAnswers,
  pace: Pace,
): Promise<{ uids: Uint32Array; rest: SearchKey | undefined }> {
  const tests: ((bits: number) => boolean)[] = [];
  let view: Uint32Array | undefined;
  /** Whether all that it has is the client's: what an index names may be new to it. */
  let viewIsKnown = false;
  const narrowTo = (uids: Uint32Array): Uint32Array => (view === undefined ? uids : intersect(view, uids));
  const narrowToKnown = (uids: Uint32Array): void => {
    view = narrowTo(uids);
    viewIsKnown = true;
  };
  const rest: SearchKey[] = [];
  const inEnvelope: HeaderKey[] = [];
  for (const one of conjuncts(key)) {
    const answer = answers.get(one);
    if (answer?.uids !== undefined) view = narrowTo(answer.uids);
    const flagTest = flagBitsTest(one);
    if (flagTest !== undefined) tests.push(flagTest);
    else if (one.kind === 'recent') narrowToKnown(mailbox.recent.within(mailbox.uids));
    else if (one.kind === 'not' && one.key.kind === 'recent') {
      narrowToKnown(mailbox.uids.slice().filter((uid) => !mailbox.recent.has(uid)));
    } else if (one.kind === 'sequence' || one.kind === 'uid') {
      narrowToKnown(mailbox.matching(one.set, one.kind === 'uid'));
    } else if (one.kind === 'header' && envelopeKeys.has(one.field) && one.value !== '') inEnvelope.push(one);
    else if (answer?.decides !== true) rest.push(one);
  }
  const asked = viewIsKnown ? view! : narrowTo(mailbox.uids.slice());
  const flags = asked.length === 0 ? undefined : await mailbox.flags();
  const restKey: SearchKey | undefined =
    rest.length === 0 ? undefined : rest.length === 1 ? rest[0] : { kind: 'and', keys: rest };
  let uids =
    flags?.matching(asked, tests.length === 1 ? tests[0]! : (bits) => tests.every((test) => test(bits))) ??
    new Uint32Array(0);
  for (const one of inEnvelope) uids = await searchEnvelopes(mailbox, uids, one, pace);
  return { uids, rest: restKey };
}

/** Keys that all must match. */
function conjuncts(key: SearchKey): readonly SearchKey[] {
  return key.kind === 'and' ? key.keys.flatMap(conjuncts) : [key];
}

type HeaderKey = Extract<SearchKey, { kind: 'header' }>;

/** Envelopes looked through at a time: some milliseconds. */
const envelopesAtOnce = 2_000;

async function searchEnvelopes(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  key: HeaderKey,
  pace: Pace,
): Promise<Uint32Array> {
  const matcher = new TextMatcher(key.value);
  const plain = plainRun(matcher, key.field);
  const found: number[] = [];
  for (let at = 0; at < uids.length; at += envelopesAtOnce) {
    const step = uids.subarray(at, at + envelopesAtOnce);
    const rows = await mailbox.account.read((reader) =>
      reader.messages.envelopesWith(mailbox.id, plain, step[0], step[step.length - 1]),
    );
    for (const { uid, envelope } of rows) {
      const text = SearchCandidate.envelopeText(envelope, key.field);
      if (text !== undefined && matcher.matchesText(text)) found.push(uid);
    }
    await pace.turn();
  }
  return intersect(uids, Uint32Array.from(found));
}

/**
 * The longest part of what is looked for that stands in an envelope as it is, if it stands there in ASCII at all.
 * @returns undefined when what is looked for can't be found in ASCII
 */
function plainRun({ asciiText }: TextMatcher, field: string): string | undefined {
  if (asciiText === undefined) return undefined;
  // Quoted strings escape `"` and `\`; what joins the parts of an address is not in the envelope.
  const parts = asciiText.split(textFields.has(field) ? /["\\]/ : /["\\@<>,:]/);
  return parts
    .map((part) => part.trim())
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '');
}

function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.buffer === b.buffer) {
    // Parts of one ascending list, as those of the view are: nothing needs to be compared.
    const offset = (b.byteOffset - a.byteOffset) / a.BYTES_PER_ELEMENT;
    return a.subarray(Math.max(0, offset), Math.max(0, offset + b.length));
  }
  const both = new Uint32Array(Math.min(a.length, b.length));
  let count = 0;
  let next = 0;
  for (const uid of a) {
    while (next < b.length && b[next] < uid) next++;
    if (next === b.length) break;
    if (b[next] === uid) both[count++] = uid;
  }
  return both.subarray(0, count);
}

class Undecided extends SearchCandidate {
  result: boolean | undefined;
}

/**
 * Reads rows and, for those that they don't decide, what was rendered.
 * @param options.rendered it is needed for all of them
 * @param options.headersFor a key that asks for headers: those that the index has are looked at before
 */
async function readBatch(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  { rendered, headersFor }: { rendered: boolean; headersFor: SearchKey | undefined },
  test: SearchTest,
): Promise<Undecided[]> {
  const read = (of: ArrayLike<number> & Uint32Array): Promise<RenderedMessageRow[]> =>
    mailbox.account.read((reader) => reader.messages.rendered(mailbox.id, of));
  const rows = rendered
    ? await read(uids)
    : await mailbox.account.read((reader) => reader.messages.rows(mailbox.id, uids));
  const candidates = rows.map((row) => {
    const candidate = new Undecided(row);
    if (rendered) candidate.rendered = row as RenderedMessageRow;
    candidate.result = test(candidate);
    return candidate;
  });
  if (headersFor !== undefined) decideByIndexedHeaders(mailbox, candidates, headersFor, test);
  if (rendered) return candidates;
  const open = candidates.filter(({ result }) => result === undefined);
  if (open.length === 0) return candidates;
  const byUid = new Map((await read(Uint32Array.from(open, ({ row }) => row.uid))).map((row) => [row.uid, row]));
  for (const candidate of open) {
    candidate.rendered = byUid.get(candidate.row.uid);
    // Expunged between the two reads.
    candidate.result = candidate.rendered === undefined ? false : test(candidate);
  }
  return candidates;
}

/** Decides those that headers decide, as far as the index has these. */
function decideByIndexedHeaders(
  mailbox: SelectedMailbox,
  candidates: readonly Undecided[],
  key: SearchKey,
  test: SearchTest,
): void {
  const open = candidates.filter(({ result }) => result === undefined);
  if (open.length === 0) return;
  const needsWhole = keysWithin(key).some((one) => one.kind === 'header' && isLeftOut(one.field.toLowerCase()));
  const headers = mailbox.account.textIndex?.headers(open.map(({ row }) => row.contentId));
  for (const candidate of open) {
    const header = headers?.get(candidate.row.contentId);
    if (header === undefined || (needsWhole && !header.whole)) continue;
    candidate.header = header.text;
    candidate.result = test(candidate);
    candidate.header = undefined;
  }
}

/** Reads the header first, if that may be enough, and then all that SEARCH looks at. */
async function decideByContent(
  mailbox: SelectedMailbox,
  candidate: Undecided,
  test: SearchTest,
  byHeader: boolean,
): Promise<boolean> {
  if (candidate.rendered === undefined) return false;
  const content = new MessageContent(mailbox.account, candidate.rendered);
  let result: boolean | undefined;
  if (byHeader) {
    candidate.header = await content.header();
    result = test(candidate);
  }
  if (result === undefined) {
    candidate.content = await searchableContent(content);
    result = test(candidate);
  }
  candidate.header = undefined;
  candidate.content = undefined;
  return result === true;
}

/** Whether a search names messages by number. RFC 7162 §3.2.10.2: nothing may be told to vanish during UID SEARCH then. */
export function namesNumbers(key: SearchKey): boolean {
  return keysWithin(key).some((one) => one.kind === 'sequence' && !one.set.saved);
}

/** Whether a search asks for MODSEQ, which its response then tells. RFC 7162 §3.1.5 */
export function hasModseq(key: SearchKey): boolean {
  return keysWithin(key).some(({ kind }) => kind === 'modseq');
}
