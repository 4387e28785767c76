import type { ChangeableFlags } from '../flags.ts';
import { rangesTable, type UidRanges } from '../uid-ranges.ts';
import type { AccountTransactor } from './account-change.ts';
import { changeBits, keywordChange } from './store-flags.ts';

interface ExpungedRow {
  uid: number;
  modseq: number;
  flags: number;
  keywords: string | null;
}

/**
 * Changes flags of messages that are expunged already, for sessions that see them still. Nobody is told of it: no MODSEQ and no count
 * changes.
 * @returns the rows that there are, in UID order
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
  const rows = await transactor.all<ExpungedRow>(
    `SELECT uid, modseq, flags, keywords FROM ${rangesTable} CROSS JOIN messages
     WHERE mailbox_id = ? AND uid BETWEEN low AND high AND expunged = 1`,
    [JSON.stringify(args.ranges), args.mailboxId],
  );
  const changeKeywords = keywordChange(args.mode, args.keywords, args.within);
  for (const row of rows) {
    row.flags = changeBits(args.mode, row.flags, args.flagBits, args.within.bits);
    row.keywords = changeKeywords(row.keywords);
  }
  await transactor.runEach(
    'UPDATE messages SET flags = ?, keywords = ? WHERE mailbox_id = ? AND uid = ? AND expunged = 1',
    rows.map((row) => [row.flags, row.keywords, args.mailboxId, row.uid]),
  );
  return rows;
}
