import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { RestanteError } from '../../runtime/errors.ts';
import { UsageError } from '../exit-code.ts';
import { randomPassword } from '../random-password.ts';

interface QuickstartOptions {
  dir: string;
  hostname?: string;
  account?: string;
  user: string;
}

/** The directory holds a configuration already. */
class ConfigExistsError extends RestanteError {
  constructor(path: string) {
    super('config-exists', `Cannot write "${path}": it exists`, {
      hint: 'Choose another directory with --dir DIR, or change what is there with "restante config".',
    });
  }
}

/** Writes the configuration of a server for one domain and says what else is to be done. */
export function quickstart(command: Command): void {
  command
    .argument('<address>', 'your first address: its domain is the one to receive mail for')
    .option('--dir <dir>', 'directory to make config/ and data/ in', '.')
    .option('--hostname <name>', 'full name of this machine in DNS, otherwise mail.<domain>')
    .option('--account <name>', 'name of the account, otherwise made from the address', parseAccountName)
    .option('--user <name>', 'user that the systemd unit runs the server as', 'restante')
    .action(async (address: string, options: QuickstartOptions) => {
      const { isEmailAddress, splitAddress, comparableDomain } = await import('../../config/address-text.ts');
      const parts = splitAddress(address);
      const domain = parts === undefined ? undefined : comparableDomain(parts.domain);
      if (parts === undefined || domain === undefined || !isEmailAddress(address)) {
        throw new UsageError(`Cannot use "${address}": an email address such as me@example.org is needed`);
      }
      const directory = resolve(options.dir);
      const configDirectory = join(directory, 'config');
      for (const name of ['restante.yaml', 'domains.yaml']) await refuseExisting(join(configDirectory, name));
      const hostname = options.hostname === undefined ? `mail.${domain}` : comparableDomain(options.hostname);
      if (hostname === undefined)
        throw new UsageError(`Cannot use host name "${options.hostname}": it is no domain name`);
      const account = options.account ?? accountName(parts.localpart);
      const { writeQuickstart } = await import('../write-quickstart.ts');
      const written = await writeQuickstart({
        directory,
        address: `${parts.localpart}@${domain}`,
        domain,
        hostname,
        account,
        user: options.user,
        accountPassword: randomPassword(),
        adminPassword: randomPassword(),
      });
      process.stdout.write(written);
    });
}

async function refuseExisting(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) throw new ConfigExistsError(path);
}

/** What of a localpart may stand in an account name. */
function accountName(localpart: string): string {
  const name = localpart
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, '')
    .replace(/^[._-]+/, '')
    .slice(0, 64);
  return name === '' ? 'me' : name;
}

function parseAccountName(text: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(text)) {
    throw new InvalidArgumentError('Accepted: 1 to 64 of a-z, 0-9, ".", "_", "-", starting with a letter or digit.');
  }
  return text;
}
