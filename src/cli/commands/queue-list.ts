import type { Command } from 'commander';
import type { QueuePage } from '../../control/commands/queue-list.ts';
import { printTable, sizeText } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { addFilterOptions, type QueueFilterOptions, queueFilter } from './queue-filter.ts';

const pageSize = 1000;

export function defineQueueList(command: Command): void {
  addFilterOptions(command)
    .option('--json', 'print JSON, one object a line')
    .action(async (ids: number[] | undefined, options: QueueFilterOptions & { json?: boolean }) => {
      const filter = queueFilter(ids, options);
      const isEmpty = Object.values(filter).every((value) => value === undefined);
      let after: number | undefined;
      let count = 0;
      for (;;) {
        const request = { filter: isEmpty ? { all: true } : filter, after, limit: pageSize };
        const page = (await serverOrOfflineRequest(command, 'queueList', request)) as QueuePage;
        count += page.length;
        if (options.json) for (const each of page) process.stdout.write(`${JSON.stringify(each)}\n`);
        else if (page.length > 0) printPage(page);
        after = page.at(-1)?.id;
        if (page.length < pageSize) break;
      }
      if (count === 0 && !options.json) process.stdout.write('Nothing waits.\n');
    });
}

function printPage(page: QueuePage): void {
  const time = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  printTable(
    ['ID', 'QUEUED (UTC)', 'NEXT ATTEMPT', 'TRIES', 'SIZE', 'SENDER', 'RECIPIENT', 'LAST RESULT'],
    page.map((each) => [
      String(each.id),
      time(each.queuedAt),
      each.held ? 'held' : time(each.nextAttemptAt),
      String(each.attempts),
      sizeText(each.sizeBytes),
      each.sender === '' ? '<>' : each.sender,
      each.recipient,
      each.lastResult === undefined ? '' : `${each.lastResult.code} ${each.lastResult.text}`,
    ]),
  );
}
