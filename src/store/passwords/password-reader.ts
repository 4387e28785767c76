import type { AccountDatabaseReader } from '../account-database.ts';
import type { AppPasswordScope, StoredAppPassword } from './app-password.ts';

/** See `PasswordSecrets` of sasl/. */
export interface StoredCredentials {
  readonly argon2id: string;
  readonly scramSha1: string;
  readonly scramSha256: string;
}

/** What is stored of the passwords that open an account. */
export class PasswordReader {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  /** What is stored of the account's password; undefined while none is set. */
  async credentials(): Promise<StoredCredentials | undefined> {
    return await this.#reader.first<StoredCredentials>(
      'SELECT argon2id, scram_sha1 AS scramSha1, scram_sha256 AS scramSha256 FROM credentials',
    );
  }

  /** Passwords for single programs, by name. */
  async appPasswords(): Promise<StoredAppPassword[]> {
    type Row = Omit<StoredAppPassword, 'scopes' | 'lastUsedAt'> & { scopes: string; lastUsedAt: number | null };
    const rows = await this.#reader.all<Row>(
      `SELECT id, name, scopes, hash, scram_sha1 AS scramSha1, scram_sha256 AS scramSha256, created_at AS createdAt,
       last_used_at AS lastUsedAt FROM app_passwords ORDER BY name`,
    );
    return rows.map(({ scopes, lastUsedAt, ...row }) => ({
      ...row,
      scopes: scopes.split(' ') as AppPasswordScope[],
      lastUsedAt: lastUsedAt ?? undefined,
    }));
  }
}
