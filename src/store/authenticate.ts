import { timingSafeEqual } from 'node:crypto';
import { limits } from '../runtime/limits.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import { hashAppPassword } from '../sasl/app-password.ts';
import type { CredentialSource, ScramKeys } from '../sasl/credential-source.ts';
import { type StoredScramSecrets, verifyPassword } from '../sasl/password-hash.ts';
import type { ScramHash } from '../sasl/scram-keys.ts';
import { parseScramSecret, type ScramSecret } from '../sasl/scram-secret.ts';
import type { Credential } from '../sasl/server-mechanism.ts';
import type { Accounts } from './accounts.ts';
import type { AppPasswordScope, StoredAppPassword } from './passwords/app-password.ts';
import type { StoredCredentials } from './passwords/password-reader.ts';
import { keyCredentialId, type TlsPublicKey } from './tls-public-keys/tls-public-key.ts';

interface FoundAccount {
  readonly account: string;
  readonly own: StoredCredentials | undefined;
  /** Of the scope. */
  readonly appPasswords: readonly StoredAppPassword[];
  /** Any password, of whatever scope: it has the salt of all. */
  readonly any: StoredScramSecrets | undefined;
}

/**
 * Logins over the passwords that accounts have. Keeps nothing of them in memory.
 * @param options.accountForLogin the account that a login names, whether or not it exists
 * @param options.comparableLogin see {@link CredentialSource.comparableLogin}
 * @param options.scope what is logged in to: app passwords for something else are none here
 * @param options.decoyKey see {@link CredentialSource.decoyKey}
 */
export function createCredentialSource(options: {
  accounts: Accounts;
  accountForLogin: (login: string) => string | undefined;
  comparableLogin?: (login: string) => string;
  scope: AppPasswordScope;
  /** A registered key of client certificates. */
  findKey?: (fingerprint: string) => Promise<TlsPublicKey | undefined>;
  decoyKey: Buffer;
  now?: () => number;
  log?: Log;
}): CredentialSource {
  const { accounts, scope, now = Date.now, log = silentLog } = options;
  const find = async (login: string): Promise<FoundAccount | undefined> => {
    const account = options.accountForLogin(login);
    // A login must not make an account.
    if (account === undefined || !(await accounts.exists(account))) return undefined;
    await using opened = await accounts.open(account);
    return await opened.read(async (reader) => {
      const own = await reader.passwords.credentials();
      const all = await reader.passwords.appPasswords();
      return { account, own, appPasswords: all.filter(({ scopes }) => scopes.includes(scope)), any: own ?? all[0] };
    });
  };
  const noteUse = async (account: string, id: number): Promise<void> => {
    try {
      await accounts.noteAppPasswordUse(account, id);
    } catch (error) {
      // Whoever has the password gets in, also when the disk is full.
      log.warn({ err: error, account }, 'use of an app password not written down');
    }
  };
  const isFresh = (usedAt: number | undefined): boolean =>
    usedAt !== undefined && Math.abs(now() - usedAt) < limits.appPasswordUseMs;
  return {
    decoyKey: options.decoyKey,
    ...(options.comparableLogin === undefined ? {} : { comparableLogin: options.comparableLogin }),
    async verifyPassword(login, password) {
      const found = await find(login);
      const app = findAppPassword(found?.appPasswords ?? [], password);
      if (found !== undefined && app !== undefined) {
        if (!isFresh(app.lastUsedAt)) await noteUse(found.account, app.id);
        return { account: found.account, credential: credentialOf(app) };
      }
      const right = await verifyPassword(found?.own?.argon2id, password);
      return right && found !== undefined ? { account: found.account } : undefined;
    },
    async scramSecrets(login, hash) {
      const found = await find(login);
      if (found === undefined) return undefined;
      const salted = found.any && parseScram(found.any, hash);
      if (salted === undefined) return undefined;
      // Also without any key: what is said first is the same wherever the account is logged in to.
      const { salt, iterations } = salted;
      return { account: found.account, salt, iterations, keys: scramKeys(found, hash, salted) };
    },
    async certificateIdentity(fingerprint, login) {
      const key = await options.findKey?.(fingerprint);
      if (key === undefined) return undefined;
      const isOf = (name: string): boolean => options.accountForLogin(name) === key.account;
      // The address may have gone to somebody else since.
      if (!isOf(key.login) || (login !== undefined && !isOf(login))) return undefined;
      const credential = { id: keyCredentialId(fingerprint), name: key.name };
      const identity = { account: key.account, login: login ?? key.login, credential };
      return { identity, imapPreauth: !key.noImapPreauth };
    },
    async used(account, credential) {
      const id = Number(credential.id.slice(appPrefix.length));
      await using opened = await accounts.open(account);
      const stored = await opened.read((reader) => reader.passwords.appPasswords());
      const app = stored.find((each) => each.id === id);
      if (app !== undefined && !isFresh(app.lastUsedAt)) await noteUse(account, id);
    },
  };
}

const appPrefix = 'app:';

/** What sessions that were let in by an app password carry. */
export function appCredentialId(id: number): string {
  return `${appPrefix}${id}`;
}

function credentialOf({ id, name }: StoredAppPassword): Credential {
  return { id: appCredentialId(id), name };
}

/** Compares with all of them, so that the time it takes tells nothing. */
function findAppPassword(all: readonly StoredAppPassword[], password: string): StoredAppPassword | undefined {
  const hash = hashAppPassword(password);
  return all.filter((each) => timingSafeEqual(each.hash, hash))[0];
}

function parseScram(stored: StoredScramSecrets, hash: ScramHash): ScramSecret | undefined {
  return parseScramSecret(hash, hash === 'sha1' ? stored.scramSha1 : stored.scramSha256);
}

/** Those that share the salt, which all do. */
function scramKeys(
  { own, appPasswords }: FoundAccount,
  hash: ScramHash,
  { salt, iterations }: Pick<ScramSecret, 'salt' | 'iterations'>,
): readonly ScramKeys[] {
  const keys: (ScramSecret & ScramKeys)[] = [];
  const secret = own && parseScram(own, hash);
  if (secret !== undefined) keys.push(secret);
  for (const app of appPasswords) {
    const keysOfApp = parseScram(app, hash);
    if (keysOfApp !== undefined) keys.push({ ...keysOfApp, credential: credentialOf(app) });
  }
  return keys.filter((each) => each.salt.equals(salt) && each.iterations === iterations);
}
