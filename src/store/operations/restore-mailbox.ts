import { parentMailboxName } from '../mailbox-name.ts';
import { deletedMailboxSql } from '../restore/stored-rows.ts';
import { AccountChange, type AccountTransactor, type MailboxRecord } from './account-change.ts';
import { checkMailboxCount, makeMailbox } from './make-mailbox.ts';

/** What a mailbox is to have again. */
export interface MailboxToRestore {
  /** Normalised. */
  readonly name: string;
  /** Those that another mailbox has meanwhile stay with it. */
  readonly specialUse: readonly string[];
  readonly subscribed: boolean;
  readonly annotations: readonly { readonly key: string; readonly value: Uint8Array }[];
}

/**
 * Makes a mailbox that is missing, for its owner alone whoever may use the one above it. Where the mailbox that had its name last was deleted, that one comes back: with its UIDVALIDITY, and its
 * UIDs go on, so that mail programs see messages come and not a new mailbox.
 * @returns whether it was there after all, was deleted and lives again, or is new
 * @throws StoreLimitError
 */
export async function restoreMailbox(
  transactor: AccountTransactor,
  args: MailboxToRestore,
): Promise<{ id: number; outcome: 'present' | 'revived' | 'created' }> {
  const change = await AccountChange.begin(transactor);
  const live = await change.findMailbox(args.name);
  if (live !== undefined) return { id: live.id, outcome: 'present' };
  const deleted = await transactor.first<{ id: number }>(deletedMailboxSql, [args.name]);
  const mailbox =
    deleted === undefined
      ? await makeMailbox(change, args.name, { private: true })
      : await revive(change, args.name, deleted.id);
  mailbox.special_use = (await freeUses(transactor, args.specialUse)).join(' ');
  change.touch(mailbox);
  await change.finish();
  if (args.subscribed) {
    await transactor.run('INSERT OR IGNORE INTO subscriptions (name) VALUES (?)', [args.name]);
  }
  await transactor.runEach(
    'INSERT INTO annotations (mailbox_id, key, value, modseq) VALUES (?, ?, ?, ?)',
    args.annotations.map(({ key, value }) => [mailbox.id, key, value, change.modseq]),
  );
  return { id: mailbox.id, outcome: deleted === undefined ? 'created' : 'revived' };
}

async function revive(change: AccountChange, name: string, id: number): Promise<MailboxRecord> {
  await checkMailboxCount(change.transactor, name);
  const parentName = parentMailboxName(name);
  const parent =
    parentName === undefined
      ? undefined
      : ((await change.findMailbox(parentName)) ?? (await makeMailbox(change, parentName, { private: true })));
  await change.transactor.run('UPDATE mailboxes SET expunged = 0 WHERE id = ?', [id]);
  const mailbox = await change.mailbox(id);
  mailbox.parent_id = parent?.id ?? null;
  return mailbox;
}

async function freeUses(transactor: AccountTransactor, uses: readonly string[]): Promise<string[]> {
  const rows = await transactor.all<{ special_use: string }>(
    "SELECT special_use FROM mailboxes WHERE expunged = 0 AND special_use <> ''",
  );
  const taken = new Set(rows.flatMap(({ special_use: text }) => text.split(' ')));
  return uses.filter((use) => !taken.has(use));
}
