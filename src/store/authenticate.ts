import type { CredentialSource } from '../sasl/credential-source.ts';
import { verifyPassword } from '../sasl/password-hash.ts';
import { parseScramSecret } from '../sasl/scram-secret.ts';
import type { Accounts, StoredCredentials } from './account.ts';

/**
 * Logins over the passwords that accounts have. Keeps nothing of them in memory.
 * @param options.accountForLogin the account that a login names, whether or not it exists
 * @param options.decoyKey see {@link CredentialSource.decoyKey}
 */
export function createCredentialSource(options: {
  accounts: Accounts;
  accountForLogin: (login: string) => string | undefined;
  decoyKey: Buffer;
}): CredentialSource {
  const find = async (login: string): Promise<(StoredCredentials & { account: string }) | undefined> => {
    const account = options.accountForLogin(login);
    // A login must not make an account.
    if (account === undefined || !(await options.accounts.exists(account))) return undefined;
    await using opened = await options.accounts.open(account);
    const credentials = await opened.read((reader) => reader.credentials());
    return credentials === undefined ? undefined : { ...credentials, account };
  };
  return {
    decoyKey: options.decoyKey,
    async verifyPassword(login, password) {
      const found = await find(login);
      const right = await verifyPassword(found?.argon2id, password);
      return right && found !== undefined ? { account: found.account } : undefined;
    },
    async scramSecret(login, hash) {
      const found = await find(login);
      const secret =
        found === undefined ? undefined : parseScramSecret(hash, hash === 'sha1' ? found.scramSha1 : found.scramSha256);
      return secret === undefined || found === undefined ? undefined : { ...secret, account: found.account };
    },
  };
}
