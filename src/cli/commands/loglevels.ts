import type { Command } from 'commander';
import { logLevels } from '../../runtime/log.ts';
import { UsageError } from '../exit-code.ts';
import { printJson, printTable } from '../print-result.ts';
import { serverRequest } from '../server-request.ts';

/** Shows the log levels of the running server, or sets one until it stops. */
export function loglevels(command: Command): void {
  command
    .argument('[level]', `${logLevels.join(', ')}; or "default", to drop the level of a part`)
    .argument(
      '[part]',
      'part of the server, such as smtp-server; without one, all parts that have no level of their own',
    )
    .option('--json', 'print JSON')
    .action(async (level: string | undefined, part: string | undefined, options: { json?: boolean }) => {
      const known = [...logLevels, 'default'];
      if (level !== undefined && !known.includes(level)) {
        throw new UsageError(`Cannot set log level "${level}": accepted are ${known.join(', ')}`);
      }
      const set = level === undefined ? undefined : { part: part ?? '', level: level === 'default' ? null : level };
      const levels = (await serverRequest(command, 'logLevels', { set })) as Record<string, string>;
      if (options.json) {
        printJson(levels);
        return;
      }
      const rows = Object.entries(levels).sort(([a], [b]) => a.localeCompare(b));
      printTable(
        ['PART', 'LEVEL'],
        rows.map(([name, value]) => [name === '' ? '(all others)' : name, value]),
      );
    });
}
