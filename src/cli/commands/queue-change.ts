import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../exit-code.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { addFilterOptions, type QueueFilterOptions, queueFilter } from './queue-filter.ts';

const changes = {
  hold: ['keep messages in the queue without trying them', 'held'],
  unhold: ['try held messages again', 'released'],
  fail: ['give messages up and tell their senders', 'failed'],
  drop: ['remove messages without telling anybody', 'dropped'],
} as const;

/** Adds hold, unhold, fail, drop and schedule. */
export function defineQueueChanges(queue: Command): void {
  for (const [change, [summary, done]] of Object.entries(changes)) {
    const command = queue.command(change).description(summary);
    addFilterOptions(command).action(async (ids: number[] | undefined, options: QueueFilterOptions) => {
      await run(command, { change, filter: chosen(ids, options) }, done);
    });
  }
  const schedule = queue.command('schedule').description('set the time of the next attempt');
  addFilterOptions(schedule)
    .option('--now', 'as soon as possible')
    .option('--at <time>', 'at a time such as 2030-01-31T08:00Z', parseTime)
    .option('--later <time>', 'later than now set, such as 30m, 4h, 2d; earlier with a minus', parseDelta)
    .action(async (ids: number[] | undefined, options: QueueFilterOptions & ScheduleOptions) => {
      await run(schedule, { change: 'schedule', filter: chosen(ids, options), when: whenOf(options) }, 'scheduled');
    });
}

interface ScheduleOptions {
  now?: boolean;
  at?: number;
  later?: number;
}

async function run(command: Command, request: object, done: string): Promise<void> {
  const { count } = (await serverOrOfflineRequest(command, 'queueChange', request)) as { count: number };
  process.stdout.write(`${count} ${done}\n`);
}

/** A change names what it is for; the whole queue has to be said. */
function chosen(ids: number[] | undefined, options: QueueFilterOptions): object {
  const filter = queueFilter(ids, options);
  if (Object.values(filter).some((value) => value !== undefined)) return filter;
  throw new UsageError('Cannot change the queue: nothing is chosen', 'Name ids, or use the options, or --all.');
}

function whenOf({ now, at, later }: ScheduleOptions): { at: number } | { deltaMs: number } {
  if ([now, at, later].filter((value) => value !== undefined).length !== 1) {
    throw new UsageError('Cannot schedule: give one of --now, --at and --later');
  }
  if (later !== undefined) return { deltaMs: later };
  return { at: at ?? Date.now() };
}

export function parseTime(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('A time looks like 2030-01-31T08:00Z.');
  return time;
}

export function parseDelta(text: string): number {
  const [, sign = '', digits, unit = ''] = /^(-?)(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('A duration looks like 30m, 4h or 2d.');
  const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return Number(digits) * units[unit] * (sign === '-' ? -1 : 1);
}
