import type { Command } from 'commander';
import { counted, printJson } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

/** Forgets what an account's junk filter has learned, and learns it anew from the messages that are there. */
export function retrain(command: Command): void {
  command
    .argument('<account>', 'name of the account, or one of its addresses')
    .option('--json', 'print JSON')
    .action(async (given: string, { json }: { json?: boolean }) => {
      const learned = await serverOrOfflineRequest(command, 'retrain', { account: given });
      if (json) return printJson(learned);
      const { account, ham, junk } = learned as { account: string; ham: number; junk: number };
      process.stdout.write(`${account}: learned from ${counted(junk, 'message')} of junk and ${ham} others\n`);
    });
}
