import type { ChangeableFlags } from '../flags.ts';
import type { QuotaLimits } from '../quota.ts';
import { rangesTable, type UidRanges } from '../uid-ranges.ts';
import { AccountChange, type AccountTransactor, type MailboxRecord } from './account-change.ts';
import { takeKeywords } from './mailbox-keywords.ts';

/** Source and new UID of each message, in order. */
export interface CopiedUids {
  readonly uidValidity: number;
  readonly sourceUids: Uint32Array;
  /** UID of the first copy; the others follow without gap. */
  readonly firstUid: number;
}

/** What a set of messages adds to the counts of its mailbox. */
interface Totals {
  count: number;
  size: number;
  unseen: number;
  deleted: number;
}

/** Copies rows; both share the content. @throws MailboxNotFoundError, OverQuotaError */
export async function copyMessages(
  transactor: AccountTransactor,
  args: {
    now: number;
    quota: QuotaLimits;
    mailboxId: number;
    ranges: UidRanges;
    targetMailboxId: number;
    /** Flags that the copies have, too. */
    kept: ChangeableFlags;
  },
): Promise<CopiedUids & { modseq: number }> {
  const change = await AccountChange.begin(transactor);
  const source = await change.mailbox(args.mailboxId);
  const target = await change.mailbox(args.targetMailboxId);
  const copied = await insertCopies(change, source, target, args.ranges, args.now, args.kept);
  const { account } = change;
  change.checkQuota(copied.totals.size, copied.totals.count, args.quota);
  account.used_bytes += copied.totals.size;
  account.messages += copied.totals.count;
  return { ...copied.uids, modseq: await change.finish() };
}

/** Inserts rows for live messages of the source, and counts them in the target, not in the account. */
export async function insertCopies(
  change: AccountChange,
  source: MailboxRecord,
  target: MailboxRecord,
  ranges: UidRanges,
  now: number,
  kept: ChangeableFlags,
): Promise<{ uids: CopiedUids; totals: Totals }> {
  const { transactor } = change;
  const rangesText = JSON.stringify(ranges);
  const keywords = kept.keywords ? 'keywords' : 'NULL';
  const rows = await transactor.all<{ uid: number; flags: number; size: number; keywords: string | null }>(
    `SELECT uid, flags & ? AS flags, size, ${keywords} AS keywords FROM ${rangesTable} CROSS JOIN messages
     WHERE mailbox_id = ? AND uid BETWEEN low AND high AND expunged = 0`,
    [kept.bits, rangesText, source.id],
  );
  const firstUid = target.uid_next;
  const sourceUids = new Uint32Array(rows.length);
  const totals: Totals = { count: rows.length, size: 0, unseen: 0, deleted: 0 };
  const keywordTexts = new Set<string>();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    sourceUids[i] = row.uid;
    totals.size += row.size;
    if ((row.flags & 1) === 0) totals.unseen++;
    if ((row.flags & 8) !== 0) totals.deleted++;
    if (row.keywords !== null) keywordTexts.add(row.keywords);
  }
  const uids = { uidValidity: target.uid_validity, sourceUids, firstUid };
  if (rows.length === 0) return { uids, totals };

  await transactor.run(
    `INSERT INTO messages (mailbox_id, uid, modseq, create_seq, expunged, content_id, thread_id, flags, keywords, received_at,
     saved_at, size) SELECT ?, ? - 1 + row_number() OVER (ORDER BY uid), ?, ?, 0, content_id, thread_id, flags & ?, ${keywords},
     received_at, ?, size FROM ${rangesTable} CROSS JOIN messages
     WHERE mailbox_id = ? AND uid BETWEEN low AND high AND expunged = 0 ORDER BY uid`,
    [target.id, firstUid, change.modseq, change.modseq, kept.bits, now, rangesText, source.id],
  );
  for (const text of keywordTexts) {
    const names = JSON.parse(text) as string[];
    const taken = takeKeywords(target, names);
    // The target may write a keyword in other case.
    const own = JSON.stringify([...taken.names].sort());
    if (own !== text) {
      await transactor.run('UPDATE messages SET keywords = ? WHERE mailbox_id = ? AND uid >= ? AND keywords = ?', [
        own,
        target.id,
        firstUid,
        text,
      ]);
    }
  }
  target.uid_next += rows.length;
  target.messages += totals.count;
  target.size += totals.size;
  target.unseen += totals.unseen;
  target.deleted += totals.deleted;
  change.touch(target);
  return { uids, totals };
}
