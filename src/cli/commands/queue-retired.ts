import { type Command, InvalidArgumentError, Option } from 'commander';
import type { RetiredPage } from '../../control/commands/queue-retired.ts';
import { printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { parseDelta, parseTime } from './queue-change.ts';

const pageSize = 1000;

interface RetiredOptions {
  account?: string;
  sender?: string;
  recipient?: string;
  messageId?: string;
  end?: string;
  since?: number;
  json?: boolean;
}

/** Adds list. */
export function defineQueueRetired(retired: Command): void {
  const command = retired.command('list').description('show what became of messages, the latest last');
  command
    .option('--account <name>', 'submitted by this account')
    .option('--sender <address>', 'from this envelope sender')
    .option('--recipient <address>', 'to this recipient')
    .option('--message-id <id>', 'with this Message-ID', (text) => text.replace(/^<|>$/g, ''))
    .addOption(
      new Option('--end <how>', 'that ended so').choices(['delivered', 'relayed', 'failed', 'suppressed', 'dropped']),
    )
    .option('--since <time>', 'ended since a time such as 2030-01-31T08:00Z, or within 30m, 4h, 2d', parseSince)
    .option('--json', 'print JSON, one object a line')
    .action(async ({ json, ...filter }: RetiredOptions) => {
      let after: { endedAt: number; id: number } | undefined;
      let count = 0;
      for (;;) {
        const page = (await serverOrOfflineRequest(command, 'queueRetired', {
          filter,
          ...(after === undefined ? {} : { after }),
          limit: pageSize,
        })) as RetiredPage;
        count += page.length;
        if (json) for (const each of page) process.stdout.write(`${JSON.stringify(each)}\n`);
        else if (page.length > 0) printPage(page);
        const last = page.at(-1);
        if (last === undefined || page.length < pageSize) break;
        after = { endedAt: last.endedAt, id: last.id };
      }
      if (count === 0 && !json) process.stdout.write('Nothing is known.\n');
    });
}

function printPage(page: RetiredPage): void {
  const time = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  printTable(
    ['ENDED (UTC)', 'HOW', 'TRIES', 'SENDER', 'RECIPIENT', 'SUBJECT', 'SERVER', 'TLS', 'LAST RESULT'],
    page.map((each) => [
      time(each.endedAt),
      each.end,
      String(each.attempts),
      each.sender === '' ? '<>' : each.sender,
      each.recipient,
      each.subject.slice(0, 40),
      each.transport ?? each.lastResult?.host ?? '',
      each.lastResult?.tls ?? '',
      each.lastResult === undefined ? '' : `${each.lastResult.code} ${each.lastResult.text}`,
    ]),
  );
}

function parseSince(text: string): number {
  if (/^\d{1,9}[smhd]$/.test(text)) return Date.now() - parseDelta(text);
  const time = parseTime(text);
  if (time < 0) throw new InvalidArgumentError('A time looks like 2030-01-31T08:00Z.');
  return time;
}
