import { limits } from '../../runtime/limits.ts';
import { StoreLimitError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';

/** What an annotation is to be; without a value there is to be none. */
export interface AnnotationChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/**
 * Sets all or none.
 * @param args.mailboxId undefined: of the account
 * @returns MODSEQ of the change
 * @throws MailboxNotFoundError, StoreLimitError
 */
export async function setAnnotations(
  transactor: AccountTransactor,
  args: { mailboxId: number | undefined; annotations: readonly AnnotationChange[] },
): Promise<number> {
  const change = await AccountChange.begin(transactor);
  if (args.mailboxId === undefined) change.touchAccount();
  else change.touch(await change.mailbox(args.mailboxId));
  const mailboxId = args.mailboxId ?? 0;
  for (const { key, value } of args.annotations) {
    if (value === undefined) await remove(change, mailboxId, key);
    else await set(change, mailboxId, key, value);
  }
  const { count } = (await transactor.first<{ count: number }>(
    'SELECT count(*) AS count FROM annotations WHERE mailbox_id = ?',
    [mailboxId],
  ))!;
  if (count > limits.annotationsPerMailbox && args.annotations.some(({ value }) => value !== undefined)) {
    throw new StoreLimitError('set annotation', 'annotationsPerMailbox', limits.annotationsPerMailbox);
  }
  return await change.finish();
}

async function set({ transactor, modseq }: AccountChange, mailboxId: number, key: string, value: Uint8Array) {
  if (value.length > limits.annotationBytes) {
    throw new StoreLimitError('set annotation', 'annotationBytes', limits.annotationBytes);
  }
  if (key.length > limits.annotationNameLength) {
    throw new StoreLimitError('name annotation', 'annotationNameLength', limits.annotationNameLength);
  }
  await transactor.run(
    `INSERT INTO annotations (mailbox_id, key, value, modseq) VALUES (?, ?, ?, ?)
     ON CONFLICT (mailbox_id, key) DO UPDATE SET value = excluded.value, modseq = excluded.modseq`,
    [mailboxId, key, value, modseq],
  );
  await transactor.run('DELETE FROM annotation_removals WHERE mailbox_id = ? AND key = ?', [mailboxId, key]);
}

async function remove({ transactor, modseq }: AccountChange, mailboxId: number, key: string): Promise<void> {
  const { changes } = await transactor.run('DELETE FROM annotations WHERE mailbox_id = ? AND key = ?', [
    mailboxId,
    key,
  ]);
  if (changes === 0) return;
  await transactor.run(
    `INSERT INTO annotation_removals (mailbox_id, key, modseq) VALUES (?, ?, ?)
     ON CONFLICT (mailbox_id, key) DO UPDATE SET modseq = excluded.modseq`,
    [mailboxId, key, modseq],
  );
  await transactor.run(
    `DELETE FROM annotation_removals WHERE mailbox_id = ? AND key NOT IN (
       SELECT key FROM annotation_removals WHERE mailbox_id = ? ORDER BY modseq DESC LIMIT ?)`,
    [mailboxId, mailboxId, limits.annotationsPerMailbox],
  );
}
