import type { ChangeableFlags } from '../flags.ts';
import { rangesTable, type UidRanges } from '../uid-ranges.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { changeBits, keywordChange } from './store-flags.ts';

interface ExpungedRow {
  uid: number;
  modseq: number;
  flags: number;
  keywords: string | null;
}

/**
 * Changes flags of messages that are expunged already, for sessions that see them still. No count changes; the MODSEQ does, as no MODSEQ
 * stands for two sets of flags: to those who look for changes the messages are expunged once more.
 * @returns the rows that there are, in UID order
 * @throws MailboxNotFoundError
 */
export async function storeExpungedFlags(
  transactor: AccountTransactor,
  args: {
    mailboxId: number;
    ranges: UidRanges;
    mode: 'add' | 'remove' | 'replace';
    flagBits: number;
    keywords: readonly string[];
    within: ChangeableFlags;
  },
): Promise<ExpungedRow[]> {
  const change = await AccountChange.begin(transactor);
  const mailbox = await change.mailbox(args.mailboxId);
  const rows = await transactor.all<ExpungedRow>(
    `SELECT uid, modseq, flags, keywords FROM ${rangesTable} CROSS JOIN messages
     WHERE mailbox_id = ? AND uid BETWEEN low AND high AND expunged = 1`,
    [JSON.stringify(args.ranges), args.mailboxId],
  );
  const changeKeywords = keywordChange(args.mode, args.keywords, args.within);
  const changed: ExpungedRow[] = [];
  for (const row of rows) {
    const flags = changeBits(args.mode, row.flags, args.flagBits, args.within.bits);
    const keywords = changeKeywords(row.keywords);
    if (flags === row.flags && keywords === row.keywords) continue;
    row.flags = flags;
    row.keywords = keywords;
    row.modseq = change.modseq;
    changed.push(row);
  }
  if (changed.length === 0) return rows;
  await transactor.runEach(
    'UPDATE messages SET flags = ?, keywords = ?, modseq = ? WHERE mailbox_id = ? AND uid = ? AND expunged = 1',
    changed.map((row) => [row.flags, row.keywords, row.modseq, args.mailboxId, row.uid]),
  );
  change.touch(mailbox);
  await change.finish();
  return rows;
}
