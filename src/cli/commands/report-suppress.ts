import { type Command, InvalidArgumentError } from 'commander';
import type { ReportSuppressionList } from '../../control/commands/report-suppressions.ts';
import { plainWord } from '../print-dmarc-records.ts';
import { printJson, printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** `dmarc suppress …` and `tlsrpt suppress …` */
export function defineReportSuppressCommands(suppress: Command, kind: 'dmarc' | 'tlsrpt'): void {
  const request = async (command: Command, given: object): Promise<ReportSuppressionList> =>
    (await serverOrOfflineRequest(command, 'reportSuppressions', { kind, ...given })) as ReportSuppressionList;
  const listed = suppress.command('list').description('list them').option('--json', 'print JSON');
  listed.action(async ({ json }: { json?: boolean }) => {
    const found = await request(listed, { action: 'list' });
    if (json) printJson(found);
    else if (found.length === 0) process.stdout.write('There are none.\n');
    else printSuppressions(found);
  });
  const add = suppress.command('add').description('send no reports to an address');
  add
    .argument('<address>')
    .option('--days <number>', 'for so long; otherwise for ever', readNumber)
    .option('--reason <text>', 'for people', 'asked for')
    .action(async (address: string, { days, reason }: { days?: number; reason: string }) => {
      const until = days === undefined ? undefined : Date.now() + days * dayMs;
      await request(add, { action: 'add', address, until, reason });
    });
  const remove = suppress.command('remove').description('send reports to an address again');
  remove.argument('<address>').action(async (address: string) => {
    await request(remove, { action: 'remove', address });
  });
}

function readNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number, 1 or more');
  return number;
}

function printSuppressions(suppressions: ReportSuppressionList): void {
  const time = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
  printTable(
    ['UNTIL (UTC)', 'SINCE (UTC)', 'ADDRESS', 'REASON'],
    suppressions.map(({ until, since, address, reason }) => [
      until === undefined ? '-' : time(until),
      time(since),
      plainWord(address),
      reason.replace(/[^ -~]/g, '?'),
    ]),
  );
}
