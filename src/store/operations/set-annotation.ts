import { limits } from '../../runtime/limits.ts';
import { StoreLimitError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';

/** @param args.mailboxId undefined: of the account. @throws MailboxNotFoundError, StoreLimitError */
export async function setAnnotation(
  transactor: AccountTransactor,
  args: { mailboxId: number | undefined; key: string; value: Uint8Array | undefined },
): Promise<void> {
  const { key, value } = args;
  const change = await AccountChange.begin(transactor);
  if (args.mailboxId === undefined) change.touchAccount();
  else change.touch(await change.mailbox(args.mailboxId));
  const mailboxId = args.mailboxId ?? 0;
  if (value === undefined) {
    await transactor.run('DELETE FROM annotations WHERE mailbox_id = ? AND key = ?', [mailboxId, key]);
  } else {
    if (value.length > limits.annotationBytes || key.length > limits.keywordLength) {
      throw new StoreLimitError('set annotation', 'annotationBytes', limits.annotationBytes);
    }
    await transactor.run(
      `INSERT INTO annotations (mailbox_id, key, value, modseq) VALUES (?, ?, ?, ?)
       ON CONFLICT (mailbox_id, key) DO UPDATE SET value = excluded.value, modseq = excluded.modseq`,
      [mailboxId, key, value, change.modseq],
    );
    const { count } = (await transactor.first<{ count: number }>(
      'SELECT count(*) AS count FROM annotations WHERE mailbox_id = ?',
      [mailboxId],
    ))!;
    if (count > limits.annotationsPerMailbox) {
      throw new StoreLimitError('set annotation', 'annotationsPerMailbox', limits.annotationsPerMailbox);
    }
  }
  await change.finish();
}
