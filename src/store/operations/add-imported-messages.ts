import type { QuotaLimits } from '../quota.ts';
import type { AccountTransactor } from './account-change.ts';
import { addMessages, type StoredMessage } from './add-messages.ts';
import { keywordsText } from './mailbox-keywords.ts';

/** A message of another server whose file is in its place. */
export interface StoredImport extends StoredMessage {
  /** UID that it has there. */
  readonly sourceUid: number;
}

export type ImportOutcome = 'added' | 'present' | 'matched';

/**
 * Adds messages from a mailbox of another server, and notes that they have come: both or neither, so that an import that is cut short at
 * any moment goes on without doubles. Left out are those that came before: `present` by their UIDs; `matched` by their bytes, where the
 * mailbox has got another UIDVALIDITY since. As many of the same bytes are left out as had come.
 * @returns one outcome for each message
 * @throws OverQuotaError, StoreLimitError: then none is added
 */
export async function addImportedMessages(
  transactor: AccountTransactor,
  args: { now: number; quota: QuotaLimits; importMailboxId: number; messages: readonly StoredImport[] },
): Promise<ImportOutcome[]> {
  const { now, quota, importMailboxId, messages } = args;
  const outcomes: ImportOutcome[] = [];
  const taken: StoredImport[] = [];
  const uids = new Set<number>();
  for (const message of messages) {
    const known = await transactor.first('SELECT 1 FROM imported_messages WHERE import_mailbox_id = ? AND uid = ?', [
      importMailboxId,
      message.sourceUid,
    ]);
    if (known !== undefined || uids.has(message.sourceUid)) outcomes.push('present');
    else if (await match(transactor, importMailboxId, message)) outcomes.push('matched');
    else {
      outcomes.push('added');
      uids.add(message.sourceUid);
      taken.push(message);
    }
  }
  const added = await addMessages(transactor, { now, quota, messages: taken });
  await transactor.runEach(
    insertSql,
    taken.map((message, at) => [...rowStart(importMailboxId, message), added[at]!.mailboxId, added[at]!.uid]),
  );
  return outcomes;
}

const insertSql = `INSERT INTO imported_messages (import_mailbox_id, uid, sha256, flags, keywords, mailbox_id, message_uid)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;

function rowStart(importMailboxId: number, { sourceUid, sha256, flagBits, keywords }: StoredImport) {
  return [importMailboxId, sourceUid, sha256, flagBits, keywordsText(keywords)];
}

async function match(transactor: AccountTransactor, importMailboxId: number, message: StoredImport): Promise<boolean> {
  const found = await transactor.first<{
    id: number;
    mailbox_id: number;
    message_uid: number;
    flags: number;
    keywords: string | null;
  }>(
    `SELECT id, mailbox_id, message_uid, flags, keywords FROM import_unmatched
     WHERE import_mailbox_id = ? AND sha256 = ? ORDER BY id LIMIT 1`,
    [importMailboxId, message.sha256],
  );
  if (found === undefined) return false;
  await transactor.run('DELETE FROM import_unmatched WHERE id = ?', [found.id]);
  // The flags seen last time: what has changed since is for `updateImportedFlags`.
  await transactor.run(insertSql, [
    importMailboxId,
    message.sourceUid,
    message.sha256,
    found.flags,
    found.keywords,
    found.mailbox_id,
    found.message_uid,
  ]);
  return true;
}
