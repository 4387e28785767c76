import { AccountChange, type AccountTransactor } from './account-change.ts';

/**
 * Gives a mailbox a key for its URLs, unless it has one.
 * @returns the one that it has now
 * @throws MailboxNotFoundError
 */
export async function makeUrlKey(
  transactor: AccountTransactor,
  args: { mailboxId: number; key: Uint8Array },
): Promise<Uint8Array> {
  const change = await AccountChange.begin(transactor);
  const { id } = await change.mailbox(args.mailboxId);
  await transactor.run('INSERT OR IGNORE INTO url_keys (mailbox_id, key) VALUES (?, ?)', [id, args.key]);
  const row = await transactor.first<{ key: Uint8Array }>('SELECT key FROM url_keys WHERE mailbox_id = ?', [id]);
  return row!.key;
}

/** @param args.mailboxId undefined: of all mailboxes */
export async function removeUrlKeys(
  transactor: AccountTransactor,
  args: { mailboxId: number | undefined },
): Promise<void> {
  if (args.mailboxId === undefined) await transactor.run('DELETE FROM url_keys');
  else await transactor.run('DELETE FROM url_keys WHERE mailbox_id = ?', [args.mailboxId]);
}
