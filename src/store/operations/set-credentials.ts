import type { AccountTransactor } from './account-change.ts';

/** Replaces what is stored of the account's password. */
export async function setCredentials(
  transactor: AccountTransactor,
  args: { now: number; argon2id: string; scramSha1: string; scramSha256: string },
): Promise<void> {
  await transactor.run(
    `INSERT INTO credentials (id, argon2id, scram_sha1, scram_sha256, changed_at) VALUES (1, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET argon2id = excluded.argon2id, scram_sha1 = excluded.scram_sha1,
     scram_sha256 = excluded.scram_sha256, changed_at = excluded.changed_at`,
    [args.argon2id, args.scramSha1, args.scramSha256, args.now],
  );
}
