import type { Command } from 'commander';
import { randomPassword } from '../random-password.ts';
import { readNewPassword } from '../read-secret.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

/** Sets the password of an account, in the running server or in the data directory of a stopped one. */
export function setaccountpassword(command: Command): void {
  command
    .argument('<account>', 'name of the account, or one of its addresses')
    .option('--generate', 'make a random password and print it, instead of asking for one')
    .action(async (account: string, options: { generate?: boolean }) => {
      const password = options.generate ? randomPassword() : await readNewPassword();
      await serverOrOfflineRequest(command, 'setAccountPassword', { account, password });
      if (options.generate) process.stdout.write(`${password}\n`);
    });
}
