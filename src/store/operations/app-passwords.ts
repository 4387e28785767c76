import { limits } from '../../runtime/limits.ts';
import { StoreLimitError } from '../store-errors.ts';
import type { AccountTransactor } from './account-change.ts';
import { type ScramTexts, sharesSalt } from './shares-salt.ts';

/** @returns why nothing was changed: the name is taken; or another password has another SCRAM salt, as the caller has looked too early */
export async function addAppPassword(
  transactor: AccountTransactor,
  args: { now: number; name: string; scopes: readonly string[]; hash: Uint8Array } & ScramTexts,
): Promise<'added' | 'name-taken' | 'other-salt'> {
  const named = await transactor.first('SELECT 1 FROM app_passwords WHERE name = ?', [args.name]);
  if (named !== undefined) return 'name-taken';
  const row = await transactor.first<{ count: number }>('SELECT count(*) AS count FROM app_passwords');
  const most = limits.appPasswordsPerAccount;
  if (row!.count >= most) throw new StoreLimitError('add app password', 'appPasswordsPerAccount', most);
  const others = await transactor.all<ScramTexts>(
    `SELECT scram_sha1 AS scramSha1, scram_sha256 AS scramSha256 FROM credentials
     UNION ALL SELECT scram_sha1, scram_sha256 FROM app_passwords`,
  );
  if (!others.every((other) => sharesSalt(other, args))) return 'other-salt';
  await transactor.run(
    'INSERT INTO app_passwords (name, scopes, hash, scram_sha1, scram_sha256, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    [args.name, args.scopes.join(' '), args.hash, args.scramSha1, args.scramSha256, args.now],
  );
  return 'added';
}

/** @returns the id of the one that is gone, undefined when there was none of that name */
export async function removeAppPassword(
  transactor: AccountTransactor,
  args: { name: string },
): Promise<number | undefined> {
  const row = await transactor.first<{ id: number }>('SELECT id FROM app_passwords WHERE name = ?', [args.name]);
  if (row !== undefined) await transactor.run('DELETE FROM app_passwords WHERE id = ?', [row.id]);
  return row?.id;
}

export async function noteAppPasswordUse(
  transactor: AccountTransactor,
  args: { id: number; now: number },
): Promise<void> {
  await transactor.run('UPDATE app_passwords SET last_used_at = ? WHERE id = ?', [args.now, args.id]);
}
