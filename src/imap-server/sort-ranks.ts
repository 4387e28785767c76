import type { SortKey } from '../imap/sort-keys.ts';
import { limits } from '../runtime/limits.ts';
import { mailboxKey } from './mailbox-key.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

interface Ranks {
  /** Ascending. */
  readonly uids: Uint32Array;
  /** Of each of them: the less it is, the earlier the message comes; the same where messages are equal. */
  readonly ranks: Float64Array;
}

/** What is sorted faster than remembered. */
const fewMessages = 500;

/** The one used last is the last. */
const remembered = new Map<string, Ranks>();
let rememberedMessages = 0;

/**
 * Ranks of messages by one sort key, when those of all of them are remembered: what a message is sorted by never changes but by a repair.
 * @param uids ascending
 */
export function recallRanks(mailbox: SelectedMailbox, by: SortKey['by'], uids: Uint32Array): Float64Array | undefined {
  const name = nameOf(mailbox, by);
  const known = remembered.get(name);
  if (known === undefined) return undefined;
  const ranks = new Float64Array(uids.length);
  let next = 0;
  for (let at = 0; at < uids.length; at++) {
    const uid = uids[at]!;
    while (next < known.uids.length && known.uids[next]! < uid) next++;
    if (known.uids[next] !== uid) return undefined;
    ranks[at] = known.ranks[next]!;
  }
  remembered.delete(name);
  remembered.set(name, known);
  return ranks;
}

/** Remembers ranks for the next time, at most `limits.imapSortRanks` in all. Both arrays must not be changed any more. */
export function rememberRanks(
  mailbox: SelectedMailbox,
  by: SortKey['by'],
  uids: Uint32Array,
  ranks: Float64Array,
): void {
  const name = nameOf(mailbox, by);
  const known = remembered.get(name);
  // A part of the mailbox does not take the place of all of it.
  if (uids.length < fewMessages || uids.length * 2 < (known?.uids.length ?? 0)) return;
  forget(name);
  remembered.set(name, { uids, ranks });
  rememberedMessages += uids.length;
  for (const oldest of remembered.keys()) {
    if (rememberedMessages <= limits.imapSortRanks) break;
    forget(oldest);
  }
}

function forget(name: string): void {
  rememberedMessages -= remembered.get(name)?.uids.length ?? 0;
  remembered.delete(name);
}

function nameOf(mailbox: SelectedMailbox, by: SortKey['by']): string {
  return `${mailboxKey(mailbox)}/${by}`;
}
