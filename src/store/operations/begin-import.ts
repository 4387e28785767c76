import type { ImportMailbox } from '../imports/import-rows.ts';
import type { AccountTransactor } from './account-change.ts';

/**
 * Notes a mailbox of another server that messages are about to come from. When it has another UIDVALIDITY than last time, its UIDs mean
 * other messages (RFC 9051 §2.3.1.1): what came from it is known by its bytes from then on.
 * @returns what is known of it
 */
export async function beginImport(
  transactor: AccountTransactor,
  args: { source: string; name: string; uidValidity: number },
): Promise<ImportMailbox> {
  const { source, name, uidValidity } = args;
  const known = await transactor.first<{
    id: number;
    uid_validity: number;
    complete_below: number;
    modseq: string;
    is_prepared: number;
  }>(
    'SELECT id, uid_validity, complete_below, modseq, is_prepared FROM import_mailboxes WHERE source = ? AND name = ?',
    [source, name],
  );
  if (known === undefined) {
    const { lastInsertId } = await transactor.run(
      `INSERT INTO import_mailboxes (source, name, uid_validity, complete_below, modseq, is_prepared)
       VALUES (?, ?, ?, 1, '', 0)`,
      [source, name, uidValidity],
    );
    return { id: lastInsertId, name, uidValidity, completeBelow: 1, modseq: '', isPrepared: false };
  }
  const { id, is_prepared } = known;
  const isPrepared = is_prepared === 1;
  if (known.uid_validity === uidValidity) {
    return { id, name, uidValidity, completeBelow: known.complete_below, modseq: known.modseq, isPrepared };
  }
  await transactor.run(
    `INSERT INTO import_unmatched (import_mailbox_id, sha256, mailbox_id, message_uid, flags, keywords)
     SELECT import_mailbox_id, sha256, mailbox_id, message_uid, flags, keywords FROM imported_messages
     WHERE import_mailbox_id = ? ORDER BY uid`,
    [id],
  );
  await transactor.run('DELETE FROM imported_messages WHERE import_mailbox_id = ?', [id]);
  await transactor.run("UPDATE import_mailboxes SET uid_validity = ?, complete_below = 1, modseq = '' WHERE id = ?", [
    uidValidity,
    id,
  ]);
  return { id, name, uidValidity, completeBelow: 1, modseq: '', isPrepared };
}
