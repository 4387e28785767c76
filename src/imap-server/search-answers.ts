import type { SearchKey } from '../imap/search-keys.ts';
import type { WordColumn } from '../store/text-index/index-protocol.ts';
import { envelopeKeys } from './envelope-keys.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** What indexes say of one search key. */
export interface SearchAnswer {
  /** UIDs of messages that may match, ascending: no other does. Undefined: any may. */
  readonly uids: Uint32Array | undefined;
  /** Whether those match, without another look. */
  readonly decides: boolean;
  /** Messages that a fuzzy key matches by words, and how well: up to 1. */
  readonly hits?: ReadonlyMap<number, number>;
}

export type SearchAnswers = ReadonlyMap<SearchKey, SearchAnswer>;

/** Keys of one search that the index of texts is asked about; all others are found out from the messages. */
const maxTextKeys = 20;

/** Headers of so few messages are looked through in less time than the index of the whole account is asked. */
const fewMessages = 50;

/**
 * Asks indexes what a search wants to know, before any message is looked at.
 * @param messages how many may be looked at, at most
 */
export async function answerFromIndexes(
  mailbox: SelectedMailbox,
  key: SearchKey,
  messages: number,
): Promise<SearchAnswers> {
  const { account, id } = mailbox;
  const answers = new Map<SearchKey, SearchAnswer>();
  let asked = 0;
  for (const one of keysWithin(key)) {
    if (one.kind === 'emailId' || one.kind === 'threadId') {
      const kind = one.kind === 'emailId' ? 'M' : 'T';
      const uids = await account.read((reader) => reader.uids.ofObject(id, kind, one.objectId));
      answers.set(one, { uids: Uint32Array.from(uids), decides: true });
      continue;
    }
    if (asked >= maxTextKeys) continue;
    if (one.kind === 'fuzzy') {
      const columns = columnsOf(one.key);
      if (columns === undefined || !('value' in one.key)) continue;
      asked++;
      const hits = (await account.textIndex?.hits(id, one.key.value, columns)) ?? new Map<number, number>();
      answers.set(one, { uids: undefined, decides: false, hits });
      continue;
    }
    const where = whereOf(one);
    if (where === undefined || !('value' in one) || (where === 'field' && messages <= fewMessages)) continue;
    asked++;
    const uids = await account.textIndex?.candidates(id, one.value, where);
    if (uids !== undefined) answers.set(one, { uids, decides: false });
  }
  for (const [one, answer] of answers) {
    if (one.kind !== 'fuzzy') continue;
    const uids = answers.get(one.key)?.uids;
    if (uids !== undefined) answers.set(one, { ...answer, uids: union(uids, answer.hits!.keys()) });
  }
  return answers;
}

/** A key and all that it is made of. */
export function* keysWithin(key: SearchKey): Generator<SearchKey> {
  yield key;
  if (key.kind === 'not' || key.kind === 'fuzzy') yield* keysWithin(key.key);
  else if (key.kind === 'and' || key.kind === 'or') for (const inner of key.keys) yield* keysWithin(inner);
}

/** Where the index of texts may look for a key. What the envelope has is found there quicker. */
function whereOf(key: SearchKey): 'text' | 'body' | 'field' | undefined {
  if (key.kind === 'text' || key.kind === 'body') return key.kind;
  return key.kind === 'header' && !envelopeKeys.has(key.field) ? 'field' : undefined;
}

function columnsOf(key: SearchKey): readonly WordColumn[] | undefined {
  if (key.kind === 'text') return ['subject', 'sender', 'recipients', 'body'];
  if (key.kind === 'body') return ['body'];
  if (key.kind !== 'header' || !envelopeKeys.has(key.field)) return undefined;
  if (key.field === 'subject') return ['subject'];
  return key.field === 'from' ? ['sender'] : ['recipients'];
}

function union(uids: Uint32Array, more: Iterable<number>): Uint32Array {
  return Uint32Array.from(new Set([...uids, ...more])).sort();
}
