import type { Pace } from './pace.ts';
import type { Progress } from './progress.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { SortRanks } from './sort-ranks.ts';
import { isNumber, type MessageSortKey, readSortValues } from './sort-values.ts';

/** Texts are ranked among those that were sorted together, which a few are faster than remembered. */
const fewMessages = 500;
/** A text finds its place by some ten others that are read one by one: so many times more are read in the same time all together. */
const readTogether = 64;

interface FindOptions {
  readonly includeExpunged: boolean;
  readonly progress: Progress | undefined;
  readonly pace: Pace;
}

/**
 * Ranks of messages by a sort key. What a message is sorted by never changes but by a repair, and clients sort again after each new
 * message: ranks are remembered, and only what is new is read and put in.
 * @param uids ascending
 * @returns those of all of them but such as are gone, and maybe of others
 */
export async function findRanks(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  by: MessageSortKey,
  options: FindOptions,
): Promise<SortRanks> {
  const { account, memory } = mailbox;
  const { identity } = account;
  const remembered = memory.recall(mailbox, SortRanks, by);
  if (remembered?.lacks(uids).length === 0) return remembered;
  // Of what is gone, nothing can be compared with what is new.
  const existing = remembered === undefined ? undefined : (await mailbox.flags())?.uids.slice();
  const known = existing === undefined ? undefined : remembered?.within(existing);
  const missing = known?.lacks(uids) ?? uids;
  const joins = known !== undefined && (isNumber(by) || missing.length * readTogether <= uids.length);
  const read = await readSortValues(mailbox, joins ? missing : uids, by, options);
  const { pace } = options;
  const fresh = isNumber(by)
    ? await SortRanks.ofNumbers(read.uids, Float64Array.from(read.values as number[]), pace)
    : await SortRanks.ofTexts(read.uids, read.values as string[], pace);
  const texts = isNumber(by) ? undefined : (read.values as string[]);
  const ranks = joins ? await join(mailbox, known, fresh, by, { texts, pace }) : fresh;
  // What was read before a repair is not what messages are sorted by after it. Nor do texts of a part of the mailbox take the place of all.
  const isLarge = ranks.uids.length >= fewMessages && ranks.uids.length * 2 >= (remembered?.uids.length ?? 0);
  if (account.identity === identity && (joins || isNumber(by) || isLarge)) {
    memory.remember(mailbox, SortRanks, ranks, by);
  }
  return ranks;
}

/** Puts messages in among those that are known. */
async function join(
  mailbox: SelectedMailbox,
  known: SortRanks,
  fresh: SortRanks,
  by: MessageSortKey,
  { texts, pace }: { texts: readonly string[] | undefined; pace: Pace },
): Promise<SortRanks> {
  if (texts === undefined) return known.joined(fresh, fresh.ranks);
  const { order, ranks } = known;
  const read = new Map<number, string>();
  const textAt = async (at: number): Promise<string> => {
    let text = read.get(at);
    if (text === undefined) {
      const uids = Uint32Array.of(known.uids[order[at]!]!);
      const { values } = await readSortValues(mailbox, uids, by, { includeExpunged: true, progress: undefined, pace });
      // There is one: what is expunged while the mailbox is selected can be read still.
      text = String(values[0] ?? '');
      read.set(at, text);
    }
    return text;
  };
  const among = new Float64Array(fresh.uids.length);
  let low = 0;
  for (const place of fresh.order) {
    const text = texts[place]!;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((await textAt(middle)) < text) low = middle + 1;
      else high = middle;
      if (pace.over) await pace.turn();
    }
    const isLast = low === order.length;
    const next = isLast ? ranks[order[low - 1]!]! + 1 : ranks[order[low]!]!;
    const isSame = !isLast && (await textAt(low)) === text;
    // Ranks of texts are whole numbers: those of what is new lie between two.
    among[place] = isSame ? next : next - 1 + fresh.ranks[place]! / (fresh.uids.length + 1);
  }
  return known.joined(fresh, among).whole();
}
