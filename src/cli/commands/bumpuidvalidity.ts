import type { Command } from 'commander';
import { printJson } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

/** Gives mailboxes a new UIDVALIDITY, so that mail programs forget what they know and fetch them anew. */
export function bumpuidvalidity(command: Command): void {
  command
    .argument('<account>', 'name of the account, or one of its addresses')
    .argument('[mailbox]', 'one mailbox; otherwise all of the account')
    .option('--dry-run', 'say which mailboxes would get a new one, and change nothing')
    .option('--json', 'print JSON')
    .action(async (account: string, mailbox: string | undefined, options: { dryRun?: boolean; json?: boolean }) => {
      const dryRun = options.dryRun ?? false;
      const bumped = (await serverOrOfflineRequest(command, 'bumpUidValidity', { account, mailbox, dryRun })) as {
        mailbox: string;
        uidValidity: number;
      }[];
      if (options.json) printJson(bumped);
      else
        for (const each of bumped) {
          const text = `${each.mailbox}: UIDVALIDITY ${each.uidValidity}`;
          process.stdout.write(`${text}${dryRun ? ' would be another (nothing was changed)' : ''}\n`);
        }
    });
}
