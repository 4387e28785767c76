import { rangesTable, type UidRanges } from '../uid-ranges.ts';
import { AccountChange, type AccountTransactor, type MailboxRecord } from './account-change.ts';

/** Expunges live messages, if asked only those with \Deleted. @throws MailboxNotFoundError */
export async function expungeMessages(
  transactor: AccountTransactor,
  args: { mailboxId: number; ranges: UidRanges; which: 'deleted' | 'all' },
): Promise<{ uids: number[]; modseq: number; erasable: number }> {
  const change = await AccountChange.begin(transactor);
  const mailbox = await change.mailbox(args.mailboxId);
  const { uids, erasable } = await expungeRows(change, mailbox, args.ranges, args.which);
  const modseq = await change.finish();
  return { uids, modseq, erasable };
}

/** @returns UIDs in order, and how many contents have no live message any more */
export async function expungeRows(
  change: AccountChange,
  mailbox: MailboxRecord,
  ranges: UidRanges,
  which: 'deleted' | 'all',
): Promise<{ uids: number[]; erasable: number }> {
  const { transactor, account, modseq } = change;
  // Often none is deleted: the count saves the scan.
  if (mailbox.messages === 0 || (which === 'deleted' && mailbox.deleted === 0)) return { uids: [], erasable: 0 };
  const mask = which === 'deleted' ? 8 : 0;
  const rows = await transactor.all<{ uid: number; flags: number; size: number; content_id: number }>(
    `SELECT uid, flags, size, content_id FROM ${rangesTable} CROSS JOIN messages
     WHERE mailbox_id = ? AND uid BETWEEN low AND high AND expunged = 0 AND (flags & ?) = ?`,
    [JSON.stringify(ranges), mailbox.id, mask, mask],
  );
  if (rows.length === 0) return { uids: [], erasable: 0 };
  await transactor.runEach(
    `UPDATE messages SET expunged = 1, modseq = ?
     WHERE mailbox_id = ? AND uid BETWEEN ? AND ? AND expunged = 0 AND (flags & ?) = ?`,
    ranges.map(([from, to]) => [modseq, mailbox.id, from, to, mask, mask]),
  );
  const uids: number[] = [];
  const contents: number[] = [];
  for (const { uid, flags, size, content_id: content } of rows) {
    uids.push(uid);
    contents.push(content);
    mailbox.size -= size;
    account.used_bytes -= size;
    if ((flags & 1) === 0) mailbox.unseen--;
    if ((flags & 8) !== 0) mailbox.deleted--;
  }
  mailbox.messages -= rows.length;
  account.messages -= rows.length;
  const { changes } = await transactor.run(
    `INSERT OR IGNORE INTO erase (content_id, modseq) SELECT DISTINCT value, ? FROM json_each(?)
     WHERE NOT EXISTS (SELECT 1 FROM messages WHERE content_id = value AND expunged = 0)`,
    [modseq, JSON.stringify(contents)],
  );
  change.touch(mailbox);
  return { uids, erasable: changes };
}
