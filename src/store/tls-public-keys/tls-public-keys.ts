import { join } from 'node:path';
import type { Database, DatabaseEngine, Reader } from '../../database/engine.ts';
import type { Clock } from '../../runtime/clock.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { limits } from '../../runtime/limits.ts';
import { readClientKey } from '../../sasl/client-key.ts';
import { authDatabase, authDatabasePath } from '../login-attempts/auth-database.ts';
import type { operations } from '../login-attempts/operations.ts';
import type { TlsPublicKey } from './tls-public-key.ts';

export class TlsPublicKeyError extends RestanteError {
  constructor(action: string, fingerprint: string, detail: string) {
    super('tls-public-key', `Cannot ${action} key "${fingerprint}": ${detail}`, {
      hint: '"restante config tlspubkey list" shows those that are registered.',
    });
  }
}

/** Public keys that clients log in by with TLS certificates: in `auth.db`, as they are looked for before the account is known. */
export class TlsPublicKeys implements AsyncDisposable {
  readonly #database: Database<unknown, typeof operations>;
  readonly #clock: Clock;

  private constructor(database: Database<unknown, typeof operations>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  static async open(options: { engine: DatabaseEngine; dataDirectory: string; clock: Clock }): Promise<TlsPublicKeys> {
    const path = join(options.dataDirectory, authDatabasePath);
    return new TlsPublicKeys(await options.engine.open(authDatabase, path), options.clock);
  }

  /** By account and time. @param account undefined: of all */
  async list(account?: string): Promise<TlsPublicKey[]> {
    return await this.#select(
      `${account === undefined ? '' : 'WHERE account = ?'} ORDER BY account, created_at, fingerprint`,
      account === undefined ? [] : [account],
    );
  }

  async get(fingerprint: string): Promise<TlsPublicKey | undefined> {
    return (await this.#select('WHERE fingerprint = ?', [fingerprint]))[0];
  }

  /**
   * @param certificate PEM
   * @param options.name otherwise that of the certificate
   * @throws ClientKeyError, TlsPublicKeyError
   */
  async add(
    certificate: string,
    options: Pick<TlsPublicKey, 'account' | 'login' | 'noImapPreauth'> & { readonly name?: string | undefined },
  ): Promise<TlsPublicKey> {
    const key = readClientKey(certificate);
    const name = (options.name ?? key.name).slice(0, limits.clientKeyNameCharacters);
    const added = { ...key, ...options, name, createdAt: this.#clock.now() };
    const outcome = await this.#database.write('addTlsPublicKey', added);
    if (outcome === 'known') throw new TlsPublicKeyError('add', key.fingerprint, 'it is registered already');
    if (outcome === 'too-many') {
      throw new TlsPublicKeyError('add', key.fingerprint, `an account has at most ${limits.clientKeysPerAccount}`);
    }
    return added;
  }

  /** @returns what was removed. @throws TlsPublicKeyError */
  async remove(fingerprint: string): Promise<TlsPublicKey> {
    const key = await this.get(fingerprint);
    const isGone = key !== undefined && (await this.#database.write('removeTlsPublicKey', { fingerprint }));
    if (!isGone) throw new TlsPublicKeyError('remove', fingerprint, 'it is not registered');
    return key;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }

  async #select(where: string, parameters: string[]): Promise<TlsPublicKey[]> {
    type Row = Omit<TlsPublicKey, 'noImapPreauth'> & { noImapPreauth: number };
    const rows = await this.#database.read((reader: Reader<unknown>) =>
      reader.all<Row>(
        `SELECT fingerprint, type, name, account, login, no_imap_preauth AS noImapPreauth, created_at AS createdAt, certificate
         FROM tls_public_keys ${where}`,
        parameters,
      ),
    );
    return rows.map((row) => ({ ...row, noImapPreauth: row.noImapPreauth === 1 }));
  }
}
