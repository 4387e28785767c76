import { everyFlag } from '../flags.ts';
import type { AccountTransactor } from './account-change.ts';
import { keywordsText } from './mailbox-keywords.ts';
import { storeFlags } from './store-flags.ts';

/** Flags that a message has at the source now. */
export interface SourceFlags {
  readonly uid: number;
  readonly flagBits: number;
  readonly keywords: readonly string[];
}

interface ImportedRow {
  uid: number;
  mailbox_id: number;
  message_uid: number;
  flags: number;
  keywords: string | null;
}

/**
 * Does to messages that were imported what has been done to their flags at the source since they were last seen. What was done to them
 * here stays; a message that is not where it was put any more is left alone.
 * @returns messages whose flags are others now
 * @throws StoreLimitError
 */
export async function updateImportedFlags(
  transactor: AccountTransactor,
  args: { importMailboxId: number; messages: readonly SourceFlags[] },
): Promise<number> {
  const byUid = new Map(args.messages.map((message) => [message.uid, message]));
  const rows = await transactor.all<ImportedRow>(
    `SELECT uid, mailbox_id, message_uid, flags, keywords FROM json_each(?) CROSS JOIN imported_messages
     WHERE import_mailbox_id = ? AND uid = value`,
    [JSON.stringify([...byUid.keys()]), args.importMailboxId],
  );
  let changed = 0;
  for (const row of rows) {
    const now = byUid.get(row.uid)!;
    const keywords = keywordsText(now.keywords);
    if (now.flagBits === row.flags && keywords === row.keywords) continue;
    if (await followChange(transactor, row, now)) changed++;
    await transactor.run(
      'UPDATE imported_messages SET flags = ?, keywords = ? WHERE import_mailbox_id = ? AND uid = ?',
      [now.flagBits, keywords, args.importMailboxId, row.uid],
    );
  }
  return changed;
}

async function followChange(transactor: AccountTransactor, row: ImportedRow, now: SourceFlags): Promise<boolean> {
  const isThere = await transactor.first('SELECT 1 FROM messages WHERE mailbox_id = ? AND uid = ? AND expunged = 0', [
    row.mailbox_id,
    row.message_uid,
  ]);
  if (isThere === undefined) return false;
  const before = row.keywords === null ? [] : (JSON.parse(row.keywords) as string[]);
  const changes = [
    { mode: 'add', flagBits: now.flagBits & ~row.flags, keywords: without(now.keywords, before) },
    { mode: 'remove', flagBits: row.flags & ~now.flagBits, keywords: without(before, now.keywords) },
  ] as const;
  let differs = false;
  for (const change of changes) {
    if (change.flagBits === 0 && change.keywords.length === 0) continue;
    const { modseq } = await storeFlags(transactor, {
      mailboxId: row.mailbox_id,
      ranges: [[row.message_uid, row.message_uid]],
      within: everyFlag,
      unchangedSince: undefined,
      ...change,
    });
    if (modseq !== undefined) differs = true;
  }
  return differs;
}

/** RFC 9051 §2.3.2: keywords are the same in any case. */
function without(names: readonly string[], others: readonly string[]): string[] {
  const lower = new Set(others.map((name) => name.toLowerCase()));
  return names.filter((name) => !lower.has(name.toLowerCase()));
}
