import { limits } from '../../runtime/limits.ts';
import { type ChangeableFlags, flagBits } from '../flags.ts';
import { StoreLimitError } from '../store-errors.ts';
import { rangesTable, type UidRanges } from '../uid-ranges.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { keywordsText, takeKeywords } from './mailbox-keywords.ts';

interface FlagRow {
  /** Start of the range of the selection that the message is in. */
  low: number;
  uid: number;
  modseq: number;
  /** Before this change. */
  prior?: number;
  flags: number;
  keywords: string | null;
}

/** One column each, in UID order: crosses the thread boundary faster than rows. */
export interface StoredFlags {
  readonly uids: Uint32Array;
  readonly modseqs: Float64Array;
  /** MODSEQ of each before the change. */
  readonly priors: Float64Array;
  readonly flagBits: Uint32Array;
  /** JSON; undefined when no message has any. */
  readonly keywords: (string | null)[] | undefined;
  readonly modified: number[];
  /** Of this change; undefined when nothing differed. */
  readonly modseq: number | undefined;
}

/** Changes flags of existing messages; those whose flags are so already keep their MODSEQ. @throws MailboxNotFoundError */
export async function storeFlags(
  transactor: AccountTransactor,
  args: {
    mailboxId: number;
    ranges: UidRanges;
    mode: 'add' | 'remove' | 'replace';
    flagBits: number;
    keywords: readonly string[];
    /** What `replace` leaves as it is: all others. */
    within: ChangeableFlags;
    unchangedSince: number | undefined;
  },
): Promise<StoredFlags> {
  const change = await AccountChange.begin(transactor);
  const mailbox = await change.mailbox(args.mailboxId);
  // Removing a keyword that the mailbox has never seen must not announce it.
  const { names, added } =
    args.mode === 'remove' ? { names: args.keywords, added: false } : takeKeywords(mailbox, args.keywords);
  const rows = await transactor.all<FlagRow>(
    `SELECT low, uid, modseq, flags, keywords FROM ${rangesTable} CROSS JOIN messages
     WHERE mailbox_id = ? AND uid BETWEEN low AND high AND expunged = 0`,
    [JSON.stringify(args.ranges), args.mailboxId],
  );

  const modified: number[] = [];
  const current: FlagRow[] = [];
  const groups = new Map<string, Group>();
  const changeKeywords = keywordChange(args.mode, names, args.within);
  for (const [index, row] of rows.entries()) {
    if (args.unchangedSince !== undefined && row.modseq > args.unchangedSince) {
      modified.push(row.uid);
      continue;
    }
    row.prior = row.modseq;
    current.push(row);
    const flags = changeBits(args.mode, row.flags, args.flagBits, args.within.bits);
    const keywords = changeKeywords(row.keywords);
    if (flags === row.flags && keywords === row.keywords) continue;
    const key = `${flags} ${keywords ?? ''}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { flags, keywords, ranges: [], lastIndex: -2, lastLow: 0 };
      groups.set(key, group);
    }
    extend(group, index, row);
    mailbox.unseen += bitDifference(row.flags, flags, flagBits['\\Seen']);
    mailbox.deleted -= bitDifference(row.flags, flags, flagBits['\\Deleted']);
    row.flags = flags;
    row.keywords = keywords;
    row.modseq = change.modseq;
  }
  for (const { flags, keywords, ranges } of groups.values()) {
    await transactor.runEach(
      `UPDATE messages SET flags = ?, keywords = ?, modseq = ?
       WHERE mailbox_id = ? AND uid BETWEEN ? AND ? AND expunged = 0`,
      ranges.map(([from, to]) => [flags, keywords, change.modseq, args.mailboxId, from, to]),
    );
  }
  const differs = groups.size > 0 || added;
  if (differs) change.touch(mailbox);
  await change.finish();
  return { ...toColumns(current), modified, modseq: differs ? change.modseq : undefined };
}

/** Messages that get the same flags. There are few groups, and each is few ranges: holes are expunged messages only. */
interface Group {
  readonly flags: number;
  readonly keywords: string | null;
  readonly ranges: [from: number, to: number][];
  lastIndex: number;
  lastLow: number;
}

function extend(group: Group, index: number, row: FlagRow): void {
  if (group.lastIndex === index - 1 && group.lastLow === row.low) group.ranges.at(-1)![1] = row.uid;
  else group.ranges.push([row.uid, row.uid]);
  group.lastIndex = index;
  group.lastLow = row.low;
}

export function changeBits(mode: 'add' | 'remove' | 'replace', before: number, bits: number, within: number): number {
  if (mode === 'add') return before | bits;
  return mode === 'remove' ? before & ~bits : (before & ~within) | bits;
}

/** 1 when the bit goes away, -1 when it comes. */
function bitDifference(before: number, after: number, bit: number): number {
  return ((before & bit) === 0 ? 0 : 1) - ((after & bit) === 0 ? 0 : 1);
}

/** @returns a function of a row's keywords, which computes each of the few different values once */
export function keywordChange(
  mode: 'add' | 'remove' | 'replace',
  names: readonly string[],
  within: ChangeableFlags,
): (before: string | null) => string | null {
  if (mode === 'replace' && within.keywords) {
    const replaced = keywordsText(names);
    return () => replaced;
  }
  if (names.length === 0) return (before) => before;
  const results = new Map<string | null, string | null>();
  const lower = new Set(names.map((name) => name.toLowerCase()));
  return (before) => {
    let after = results.get(before);
    if (after === undefined) {
      const list = before === null ? [] : (JSON.parse(before) as string[]);
      const rest = list.filter((name) => !lower.has(name.toLowerCase()));
      if (mode === 'add') rest.push(...names);
      if (rest.length > limits.keywordsPerMessage) {
        throw new StoreLimitError('set keywords of a message', 'keywordsPerMessage', limits.keywordsPerMessage);
      }
      after = keywordsText(rest);
      results.set(before, after);
    }
    return after;
  };
}

function toColumns(rows: readonly FlagRow[]): Omit<StoredFlags, 'modified' | 'modseq'> {
  const uids = new Uint32Array(rows.length);
  const modseqs = new Float64Array(rows.length);
  const priors = new Float64Array(rows.length);
  const bits = new Uint32Array(rows.length);
  let keywords: (string | null)[] | undefined;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    uids[i] = row.uid;
    modseqs[i] = row.modseq;
    priors[i] = row.prior ?? row.modseq;
    bits[i] = row.flags;
    if (row.keywords !== null) {
      keywords ??= new Array<string | null>(rows.length).fill(null);
      keywords[i] = row.keywords;
    }
  }
  return { uids, modseqs, priors, flagBits: bits, keywords };
}
