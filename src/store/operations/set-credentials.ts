import type { AccountTransactor } from './account-change.ts';
import { type ScramTexts, sharesSalt } from './shares-salt.ts';

/**
 * Replaces what is stored of the account's password. App passwords stay.
 * @returns false, and changes nothing, when an app password has another SCRAM salt: the caller has looked too early
 */
export async function setCredentials(
  transactor: AccountTransactor,
  args: { now: number; argon2id: string } & ScramTexts,
): Promise<boolean> {
  const other = await transactor.first<ScramTexts>(
    'SELECT scram_sha1 AS scramSha1, scram_sha256 AS scramSha256 FROM app_passwords',
  );
  if (!sharesSalt(other, args)) return false;
  await transactor.run(
    `INSERT INTO credentials (id, argon2id, scram_sha1, scram_sha256, changed_at) VALUES (1, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET argon2id = excluded.argon2id, scram_sha1 = excluded.scram_sha1,
     scram_sha256 = excluded.scram_sha256, changed_at = excluded.changed_at`,
    [args.argon2id, args.scramSha1, args.scramSha256, args.now],
  );
  return true;
}
