import type { Command } from 'commander';
import type { WebhooksAnswer } from '../../control/commands/queue-webhooks.ts';
import { UsageError } from '../exit-code.ts';
import { printTable } from '../print-result.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { parseTime } from './queue-change.ts';
import { collectId } from './queue-filter.ts';

const pageSize = 1000;

interface HookOptions {
  account?: string;
  all?: boolean;
  json?: boolean;
}

/** Adds list, retired, cancel and schedule. */
export function defineQueueWebhooks(command: Command): void {
  const ask = async <Name extends keyof WebhooksAnswer>(name: Name, given: object) =>
    (await serverOrOfflineRequest(command, 'queueWebhooks', { do: name, ...given })) as WebhooksAnswer[Name];
  const define = (name: string, summary: string): Command =>
    command
      .command(name)
      .description(summary)
      .argument('[id...]', 'ids, as list shows them', collectId)
      .option('--account <name>', 'of this account');

  define('list', 'show requests that wait')
    .option('--json', 'print JSON, one object a line')
    .action(async (ids: number[] | undefined, { account, json }: HookOptions) => {
      const count = await eachPage(
        (page) => ask('list', { filter: filterOf(ids, account), ...page }),
        json,
        ['ID', 'ACCOUNT', 'EVENT', 'QUEUED (UTC)', 'NEXT ATTEMPT', 'TRIES', 'LAST RESULT'],
        (each) => [
          String(each.id),
          each.account,
          each.event,
          time(each.queuedAt),
          time(each.nextAttemptAt),
          String(each.attempts),
          each.lastError ?? '',
        ],
      );
      if (count === 0 && !json) process.stdout.write('Nothing waits.\n');
    });
  define('retired', 'show requests that have ended')
    .option('--json', 'print JSON, one object a line')
    .action(async (ids: number[] | undefined, { account, json }: HookOptions) => {
      const count = await eachPage(
        (page) => ask('retired', { filter: filterOf(ids, account), ...page }),
        json,
        ['ID', 'ACCOUNT', 'EVENT', 'ENDED (UTC)', 'HOW', 'TRIES', 'LAST RESULT'],
        (each) => [
          String(each.id),
          each.account,
          each.event,
          time(each.endedAt),
          each.end,
          String(each.attempts),
          each.error ?? (each.status === undefined ? '' : String(each.status)),
        ],
      );
      if (count === 0 && !json) process.stdout.write('Nothing is known.\n');
    });
  define('cancel', 'make requests no more')
    .option('--all', 'all that wait')
    .action(async (ids: number[] | undefined, options: HookOptions) => {
      process.stdout.write(`${(await ask('cancel', { filter: chosen(ids, options) })).count} canceled\n`);
    });
  define('schedule', 'set when requests are made next')
    .option('--all', 'all that wait')
    .option('--now', 'as soon as possible')
    .option('--at <time>', 'at a time such as 2030-01-31T08:00Z', parseTime)
    .action(async (ids: number[] | undefined, options: HookOptions & { now?: boolean; at?: number }) => {
      if ((options.now === undefined) === (options.at === undefined)) {
        throw new UsageError('Cannot schedule: give one of --now and --at');
      }
      const at = options.at ?? Date.now();
      process.stdout.write(`${(await ask('schedule', { filter: chosen(ids, options), at })).count} scheduled\n`);
    });
}

/** Prints all pages. @returns how many there were */
async function eachPage<Item extends { id: number }>(
  ask: (page: { after: number; limit: number }) => Promise<Item[]>,
  json: boolean | undefined,
  titles: string[],
  cells: (item: Item) => string[],
): Promise<number> {
  let count = 0;
  for (let after = 0; ; ) {
    const page = await ask({ after, limit: pageSize });
    count += page.length;
    if (json) for (const each of page) process.stdout.write(`${JSON.stringify(each)}\n`);
    else if (page.length > 0) printTable(titles, page.map(cells));
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return count;
    after = last.id;
  }
}

function filterOf(ids: number[] | undefined, account: string | undefined): object {
  return { ids: ids?.length ? ids : undefined, account };
}

/** A change names what it is for; all of them has to be said. */
function chosen(ids: number[] | undefined, { account, all }: HookOptions): object {
  if (!ids?.length && account === undefined && all !== true) {
    throw new UsageError('Cannot change webhooks: nothing is chosen', 'Name ids, or an account, or use --all.');
  }
  return filterOf(ids, account);
}

function time(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
