import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import { hashAppPassword, makeAppPassword } from '../sasl/app-password.ts';
import { deriveScramSecrets, hashPassword, type StoredScramSecrets } from '../sasl/password-hash.ts';
import type { Account } from './account.ts';
import type { AppPasswordScope } from './passwords/app-password.ts';
import type { SharedAccount } from './shared-account.ts';
import { AppPasswordNameError } from './store-errors.ts';

/*
 * The passwords that open an account: its own, and app passwords, one for each program.
 *
 * By PLAIN and LOGIN the server is given the password: it is compared with the hashes of the app passwords, then by argon2 with the
 * account's own. By SCRAM the server tells the client a salt before the client shows anything of its password: so all passwords of an
 * account have the same salt, and the client's proof is compared with each. A new password therefore takes over the salt of those
 * that are there. Nothing is lost by that: app passwords are random, and no two accounts share a salt.
 *
 * What may come in between is seen in the transaction: then the work is done again.
 */

/** One opening of an account, and what writes to it. */
interface OpenedAccount {
  readonly account: Account;
  readonly shared: Pick<SharedAccount, 'write'>;
}

/** Others would have to change the account's passwords as often at the same moment. */
const mostTries = 10;

class PasswordsDifferError extends RestanteError {
  constructor(account: string) {
    super('passwords-differ', `Cannot set password of account "${account}": its passwords do not have one salt`, {
      hint: `Remove its app passwords: "restante config account apppassword list ${account}" names them.`,
    });
  }
}

/** Sets the account's own password. */
export async function setPassword(opened: OpenedAccount, password: string, now: number): Promise<void> {
  for (let tries = 0; tries < mostTries; tries++) {
    const [app] = await opened.account.read((reader) => reader.passwords.appPasswords());
    const secrets = await hashPassword(password, app);
    if (await opened.shared.write('setCredentials', { ...secrets, now })) return;
  }
  throw new PasswordsDifferError(opened.account.name);
}

/** @returns the password. @throws AppPasswordNameError, StoreLimitError */
export async function addAppPassword(
  opened: OpenedAccount,
  options: { name: string; scopes: readonly AppPasswordScope[] },
  now: number,
): Promise<string> {
  const name = checkName(options.name);
  const password = makeAppPassword();
  for (let tries = 0; tries < mostTries; tries++) {
    const scram = await deriveScramSecrets(password, await anyPassword(opened.account));
    const added = { now, name, scopes: options.scopes, hash: hashAppPassword(password), ...scram };
    const outcome = await opened.shared.write('addAppPassword', added);
    if (outcome === 'added') return password;
    if (outcome === 'name-taken') throw new AppPasswordNameError(name, 'there is one of that name');
  }
  throw new PasswordsDifferError(opened.account.name);
}

async function anyPassword(account: Account): Promise<StoredScramSecrets | undefined> {
  return await account.read(
    async (reader) => (await reader.passwords.credentials()) ?? (await reader.passwords.appPasswords())[0],
  );
}

function checkName(given: string): string {
  const name = given.normalize('NFC').trim();
  if (name === '') throw new AppPasswordNameError(name, 'the name is empty');
  if (name.length > limits.appPasswordNameCharacters) {
    throw new AppPasswordNameError(name, `the name has more than ${limits.appPasswordNameCharacters} characters`);
  }
  // Control and format characters: names are shown on terminals.
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name))
    throw new AppPasswordNameError('', 'the name has characters that cannot be seen');
  return name;
}
