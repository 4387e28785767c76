import type { Transactor } from '../../database/engine.ts';
import { limits } from '../../runtime/limits.ts';
import type { TlsPublicKey } from './tls-public-key.ts';

export const tlsPublicKeysTable = `
-- Public keys of certificates that clients log in by.
CREATE TABLE tls_public_keys (
  fingerprint TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  account TEXT NOT NULL,
  login TEXT NOT NULL,
  no_imap_preauth INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  -- DER.
  certificate BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tls_public_keys_account ON tls_public_keys (account);
`;

/** @returns why it was not added: the key is registered already; the account has as many as it may */
export async function addTlsPublicKey(
  write: Transactor<unknown>,
  key: TlsPublicKey,
): Promise<'added' | 'known' | 'too-many'> {
  const known = await write.first('SELECT 1 FROM tls_public_keys WHERE fingerprint = ?', [key.fingerprint]);
  if (known !== undefined) return 'known';
  const row = await write.first<{ count: number }>('SELECT count(*) AS count FROM tls_public_keys WHERE account = ?', [
    key.account,
  ]);
  if (row!.count >= limits.clientKeysPerAccount) return 'too-many';
  await write.run(
    `INSERT INTO tls_public_keys (fingerprint, type, name, account, login, no_imap_preauth, created_at, certificate)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      ...[key.fingerprint, key.type, key.name, key.account, key.login],
      ...[key.noImapPreauth ? 1 : 0, key.createdAt, key.certificate],
    ],
  );
  return 'added';
}

/** @returns whether there was one */
export async function removeTlsPublicKey(write: Transactor<unknown>, args: { fingerprint: string }): Promise<boolean> {
  return (await write.run('DELETE FROM tls_public_keys WHERE fingerprint = ?', [args.fingerprint])).changes > 0;
}
