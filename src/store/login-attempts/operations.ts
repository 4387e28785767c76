import type { Migration, Transactor } from '../../database/engine.ts';
import { limits } from '../../runtime/limits.ts';
import { addTlsPublicKey, removeTlsPublicKey, tlsPublicKeysTable } from '../tls-public-keys/operations.ts';
import type { LoginRecord } from './login-attempt.ts';

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
-- Logins that are alike are one row, so that trying many passwords makes few.
CREATE TABLE login_attempts (
  id INTEGER PRIMARY KEY,
  -- Empty: a login that is nobody's.
  account TEXT NOT NULL,
  login TEXT NOT NULL,
  remote_address TEXT NOT NULL,
  protocol TEXT NOT NULL,
  mechanism TEXT NOT NULL,
  tls TEXT NOT NULL,
  result TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  UNIQUE (account, login, remote_address, protocol, mechanism, tls, result)
) STRICT;
CREATE INDEX login_attempts_account ON login_attempts (account, last_at);
CREATE INDEX login_attempts_last ON login_attempts (last_at);
`,
  },
  {
    version: 2,
    sql: `
CREATE TABLE more_login_attempts (
  id INTEGER PRIMARY KEY,
  -- Empty: a login that is nobody's.
  account TEXT NOT NULL,
  login TEXT NOT NULL,
  remote_address TEXT NOT NULL,
  protocol TEXT NOT NULL,
  mechanism TEXT NOT NULL,
  -- Name of the app password or certificate; empty: the account's own password, or nobody was let in.
  credential TEXT NOT NULL,
  -- What the client says it is.
  client TEXT NOT NULL,
  tls TEXT NOT NULL,
  result TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  UNIQUE (account, login, remote_address, protocol, mechanism, credential, client, tls, result)
) STRICT;
INSERT INTO more_login_attempts
  SELECT id, account, login, remote_address, protocol, mechanism, '', '', tls, result, first_at, last_at, count FROM login_attempts;
DROP TABLE login_attempts;
ALTER TABLE more_login_attempts RENAME TO login_attempts;
CREATE INDEX login_attempts_account ON login_attempts (account, last_at);
CREATE INDEX login_attempts_last ON login_attempts (last_at);
`,
  },
  { version: 3, sql: tlsPublicKeysTable },
];

const dayMs = 24 * 60 * 60 * 1000;

/** Adds logins to those alike, and forgets the old and what is too much. */
async function recordLogins(
  write: Transactor<unknown>,
  args: { logins: readonly LoginRecord[]; now: number },
): Promise<void> {
  await write.runEach(
    `INSERT INTO login_attempts (account, login, remote_address, protocol, mechanism, credential, client, tls, result, first_at,
       last_at, count)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (account, login, remote_address, protocol, mechanism, credential, client, tls, result)
     DO UPDATE SET last_at = excluded.last_at, count = count + excluded.count`,
    args.logins.map((each) => [
      each.account ?? '',
      each.login,
      each.remoteAddress,
      each.protocol,
      each.mechanism,
      each.credential,
      each.client,
      each.tls,
      each.result,
      each.firstAt,
      each.lastAt,
      each.count,
    ]),
  );
  await write.run('DELETE FROM login_attempts WHERE last_at < ?', [args.now - limits.loginAttemptDays * dayMs]);
  for (const account of new Set(args.logins.map((each) => each.account ?? ''))) await forgetSurplus(write, account);
}

/** Those that succeeded are kept the longest: strangers must not be able to push them out. */
async function forgetSurplus(write: Transactor<unknown>, account: string): Promise<void> {
  const most = limits.loginAttemptsPerAccount;
  const row = await write.first<{ count: number }>('SELECT count(*) AS count FROM login_attempts WHERE account = ?', [
    account,
  ]);
  if (row!.count <= most) return;
  // A tenth more than needed, so that it is not needed each time.
  await write.run(
    `DELETE FROM login_attempts WHERE id IN (SELECT id FROM login_attempts WHERE account = ?
     ORDER BY result = 'succeeded' DESC, last_at DESC LIMIT -1 OFFSET ?)`,
    [account, Math.floor(most * 0.9)],
  );
}

/** All that changes `auth.db`; runs in a write worker. */
export const operations = { recordLogins, addTlsPublicKey, removeTlsPublicKey };
