import type { SortKey } from '../imap/sort-keys.ts';
import type { Remembered } from './mailbox-memory.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** Texts are ranked among those that were sorted together, which a few are faster than remembered. */
const fewMessages = 500;
const bytesEach = 12;

/** Where messages belong by one sort key. */
class SortRanks implements Remembered {
  /** Ascending. */
  readonly uids: Uint32Array;
  /** Of each of them: the less it is, the earlier the message comes; the same where messages are equal. */
  readonly ranks: Float64Array;

  constructor(uids: Uint32Array, ranks: Float64Array) {
    this.uids = uids;
    this.ranks = ranks;
  }

  get sizeBytes(): number {
    return this.uids.length * bytesEach;
  }
}

/**
 * Ranks of messages by one sort key, when those of all of them are remembered: what a message is sorted by never changes but by a repair.
 * @param uids ascending
 */
export function recallRanks(mailbox: SelectedMailbox, by: SortKey['by'], uids: Uint32Array): Float64Array | undefined {
  const known = mailbox.memory.recall(mailbox, SortRanks, by);
  if (known === undefined) return undefined;
  const ranks = new Float64Array(uids.length);
  let next = 0;
  for (let at = 0; at < uids.length; at++) {
    const uid = uids[at]!;
    while (next < known.uids.length && known.uids[next]! < uid) next++;
    if (known.uids[next] !== uid) return undefined;
    ranks[at] = known.ranks[next]!;
  }
  return ranks;
}

/**
 * Remembers ranks for the next time. Both arrays must not be changed any more.
 * @param identity the account's, before the messages were read: what was read before a repair is not what they are sorted by after it
 * @param own whether a message's rank is its own, whatever it is sorted with: those of others that were known stay
 */
export function rememberRanks(
  mailbox: SelectedMailbox,
  by: SortKey['by'],
  { identity, uids, ranks, own }: { identity: object; uids: Uint32Array; ranks: Float64Array; own: boolean },
): void {
  const { memory } = mailbox;
  if (mailbox.account.identity !== identity) return;
  const known = memory.recall(mailbox, SortRanks, by);
  if (own) {
    memory.remember(
      mailbox,
      SortRanks,
      known === undefined ? new SortRanks(uids, ranks) : join(mailbox, known, uids, ranks),
      by,
    );
    return;
  }
  // A part of the mailbox does not take the place of all of it.
  if (uids.length < fewMessages || uids.length * 2 < (known?.uids.length ?? 0)) return;
  memory.remember(mailbox, SortRanks, new SortRanks(uids, ranks), by);
}

/** What is known and what is new of the messages that there are. */
function join({ uids: there }: SelectedMailbox, known: SortRanks, uids: Uint32Array, ranks: Float64Array): SortRanks {
  const joined = new Uint32Array(known.uids.length + uids.length);
  const joinedRanks = new Float64Array(joined.length);
  let count = 0;
  let old = 0;
  let fresh = 0;
  for (const uid of there.slice()) {
    while (old < known.uids.length && known.uids[old]! < uid) old++;
    while (fresh < uids.length && uids[fresh]! < uid) fresh++;
    if (uids[fresh] === uid) joinedRanks[count] = ranks[fresh]!;
    else if (known.uids[old] === uid) joinedRanks[count] = known.ranks[old]!;
    else continue;
    joined[count++] = uid;
  }
  return new SortRanks(joined.slice(0, count), joinedRanks.slice(0, count));
}
