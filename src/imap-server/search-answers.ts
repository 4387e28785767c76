import type { SearchKey } from '../imap/search-keys.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** UIDs that match a key, for the keys that the database answers before any message is looked at. */
export type SearchAnswers = ReadonlyMap<SearchKey, ReadonlySet<number>>;

/** Asks the database what a search wants to know from its indexes. */
export async function answerFromIndexes(mailbox: SelectedMailbox, key: SearchKey): Promise<SearchAnswers> {
  const answers = new Map<SearchKey, ReadonlySet<number>>();
  for (const one of keysWithin(key)) {
    if (one.kind !== 'emailId' && one.kind !== 'threadId') continue;
    const kind = one.kind === 'emailId' ? 'M' : 'T';
    const uids = await mailbox.account.read((reader) => reader.uidsOfObject(mailbox.id, kind, one.objectId));
    answers.set(one, new Set(uids));
  }
  return answers;
}

/** A key and all that it is made of. */
export function* keysWithin(key: SearchKey): Generator<SearchKey> {
  yield key;
  if (key.kind === 'not') yield* keysWithin(key.key);
  else if (key.kind === 'and' || key.kind === 'or') for (const inner of key.keys) yield* keysWithin(inner);
}
