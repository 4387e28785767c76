import type { Command } from 'commander';
import { printJson } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

interface Repaired {
  readonly account: string;
  readonly changes: readonly { what: string; count: number }[];
  readonly notes: readonly string[];
}

/** The commands that mend an account: they differ in what they mend. */
function repair(kind: string): (command: Command) => void {
  return (command) => {
    command
      .argument('<account>', 'name of the account, or one of its addresses')
      .option('--dry-run', 'say what would be changed, and change nothing')
      .option('--json', 'print JSON')
      .action(async (account: string, options: { dryRun?: boolean; json?: boolean }) => {
        const dryRun = options.dryRun ?? false;
        const repaired = (await serverOrOfflineRequest(command, 'repair', { kind, account, dryRun })) as Repaired;
        if (options.json) return printJson({ ...repaired, dryRun });
        const write = (text: string): void => void process.stdout.write(`${repaired.account}: ${text}\n`);
        if (repaired.changes.length === 0) write('nothing to do');
        for (const { what, count } of repaired.changes)
          write(`${what}: ${count}${dryRun ? ' (nothing was changed)' : ''}`);
        for (const note of repaired.notes) write(note);
      });
  };
}

export const fixuidmeta = repair('fixuidmeta');
export const recalculatemailboxcounts = repair('recalculatemailboxcounts');
export const fixmsgsize = repair('fixmsgsize');
export const reparse = repair('reparse');
export const reassignthreads = repair('reassignthreads');
