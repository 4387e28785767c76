import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { Database, DatabaseEngine } from '../../database/engine.ts';
import { addressRanges } from '../../runtime/address-range.ts';
import type { Clock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import type { Log } from '../../runtime/log.ts';
import { authDatabase, authDatabasePath } from './auth-database.ts';
import type { LoginAttempt, LoginRecord, LoginResult } from './login-attempt.ts';
import type { operations } from './operations.ts';

/*
 * Logins, good and bad, so that people can see who gets in and who tries to.
 *
 * On disk, below the data directory: `auth.db`. Logins that differ in nothing but the time are one row with a count. Rows that had
 * no login for `limits.loginAttemptDays` go, and so does what an account has above `limits.loginAttemptsPerAccount`.
 *
 * No login waits for it: what came within a second is written together. A crash may lose that second.
 */

export interface LoginAttemptsOptions {
  readonly engine: DatabaseEngine;
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Whose a login is, whether or not it may be used. */
  readonly accountForLogin: (login: string) => string | undefined;
}

const flushMs = 1_000;

export class LoginAttempts implements AsyncDisposable {
  readonly #options: LoginAttemptsOptions;
  readonly #database: Database<unknown, typeof operations>;
  #waiting = new Map<string, LoginRecord>();
  #left = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: LoginAttemptsOptions, database: Database<unknown, typeof operations>) {
    this.#options = options;
    this.#database = database;
  }

  static async open(options: LoginAttemptsOptions): Promise<LoginAttempts> {
    const path = join(options.dataDirectory, authDatabasePath);
    return new LoginAttempts(options, await options.engine.open(authDatabase, path));
  }

  /** Takes note, and returns at once. Never throws. */
  record(attempt: LoginAttempt): void {
    const now = this.#options.clock.now();
    const login = (attempt.login ?? '').slice(0, limits.loginCharacters).toWellFormed();
    const alike = {
      account: attempt.account ?? (login === '' ? undefined : this.#options.accountForLogin(login)),
      login,
      remoteAddress: attempt.remoteAddress,
      protocol: attempt.protocol,
      mechanism: attempt.mechanism,
      credential: attempt.credential ?? '',
      client: (attempt.client ?? '').slice(0, limits.loginClientCharacters).toWellFormed(),
      tls: describeTls(attempt.tls),
      result: attempt.result,
    };
    const key = JSON.stringify(alike);
    const known = this.#waiting.get(key);
    if (known === undefined && this.#waiting.size >= limits.loginAttemptsWaiting) {
      this.#left++;
      return;
    }
    this.#waiting.set(key, {
      ...alike,
      firstAt: known?.firstAt ?? now,
      lastAt: now,
      count: (known?.count ?? 0) + 1,
    });
    this.#timer ??= setTimeout(() => void this.#flush(), flushMs).unref();
  }

  /** The latest first. @param filter.account undefined: all, also of logins that are nobody's */
  async list(filter: { account?: string | undefined; limit: number }): Promise<LoginRecord[]> {
    await this.#flush();
    const { account, limit } = filter;
    const rows = await this.#database.read((reader) =>
      reader.all<Row>(
        `SELECT account, login, remote_address, protocol, mechanism, credential, client, tls, result, first_at, last_at, count FROM login_attempts
         ${account === undefined ? '' : 'WHERE account = ?'} ORDER BY last_at DESC LIMIT ?`,
        account === undefined ? [limit] : [account, limit],
      ),
    );
    return rows.map((row) => ({
      account: row.account === '' ? undefined : row.account,
      login: row.login,
      remoteAddress: row.remote_address,
      protocol: row.protocol,
      mechanism: row.mechanism,
      credential: row.credential,
      client: row.client,
      tls: row.tls,
      result: row.result,
      firstAt: row.first_at,
      lastAt: row.last_at,
      count: row.count,
    }));
  }

  /** Whether an account was logged in to from an address (IPv6: from its /64) within the time that logins are remembered. */
  async isKnown(account: string, remoteAddress: string): Promise<boolean> {
    const [network] = addressRanges(remoteAddress);
    const rows = await this.#database.read((reader) =>
      reader.all<{ address: string }>(
        `SELECT DISTINCT remote_address AS address FROM login_attempts WHERE account = ? AND result = 'succeeded'`,
        [account],
      ),
    );
    return rows.some(({ address }) => addressRanges(address)[0] === network);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush();
    await this.#database[Symbol.asyncDispose]();
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const { clock, log } = this.#options;
    const logins = [...this.#waiting.values()];
    this.#waiting = new Map();
    if (this.#left > 0) log.warn({ count: this.#left }, 'logins not written down: too many at once');
    this.#left = 0;
    try {
      await this.#database.write('recordLogins', { logins, now: clock.now() });
    } catch (error) {
      log.error({ err: error, count: logins.length }, 'logins not written down');
    }
  }
}

interface Row {
  account: string;
  login: string;
  remote_address: string;
  protocol: string;
  mechanism: string;
  credential: string;
  client: string;
  tls: string;
  result: LoginResult;
  first_at: number;
  last_at: number;
  count: number;
}

function describeTls(tls: TLSSocket | undefined): string {
  if (tls === undefined) return '';
  // Of a connection that is gone nothing is known any more.
  const cipher = tls.getCipher() as ReturnType<TLSSocket['getCipher']> | undefined;
  return `${tls.getProtocol() ?? ''} ${cipher?.standardName ?? cipher?.name ?? ''}`.trim();
}
