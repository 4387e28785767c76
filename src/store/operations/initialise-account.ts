import type { SpecialUse } from '../mailboxes/mailbox.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { makeMailbox } from './make-mailbox.ts';

interface InitialMailbox {
  readonly name: string;
  readonly specialUse?: readonly SpecialUse[];
}

/**
 * Makes the account's row and default mailboxes, unless they exist.
 * @param args.uidValidity the first, unless the time gives a greater one
 * @returns whether it did
 */
export async function initialiseAccount(
  transactor: AccountTransactor,
  args: { now: number; uidValidity: number; mailboxes: readonly InitialMailbox[] },
): Promise<boolean> {
  if ((await transactor.first('SELECT id FROM account')) !== undefined) return false;
  // Seconds: an account that is removed and made again must not give out its UIDVALIDITYs again.
  const uidValidity = Math.max(args.uidValidity, Math.floor(args.now / 1000));
  await transactor.run(
    `INSERT INTO account (id, created_at, modseq, next_uid_validity, next_content_id, used_bytes, messages)
     VALUES (1, ?, 0, ?, 1, 0, 0)`,
    [args.now, uidValidity],
  );
  const change = await AccountChange.begin(transactor);
  for (const { name, specialUse } of args.mailboxes) {
    if ((await change.findMailbox(name)) !== undefined) continue;
    await makeMailbox(change, name, { specialUse: specialUse?.join(' ') });
    await transactor.run('INSERT OR IGNORE INTO subscriptions (name) VALUES (?)', [name]);
  }
  await change.finish();
  return true;
}
