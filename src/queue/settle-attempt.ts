import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../database/engine.ts';
import type { Log } from '../runtime/log.ts';
import type { DeliveryJob, DeliveryResult } from './delivery-route.ts';
import { dueNotice, isAccepted, isPermanent, type NoticeAction, type RecipientEnd } from './due-notice.ts';
import type { EndKind, EndPolicy } from './end-recipient.ts';
import { type Backoff, nextAttemptDelay, remainingRetryTime } from './next-attempt.ts';
import type { ChangeSummary, QueueOperations, RecipientOutcome } from './operations.ts';
import type { AttemptReply, ReportKind } from './queue.ts';
import type { MessageRow, QueueSchema, RecipientRow } from './schema.ts';
import { type NoticeRecipient, type NoticeWriterOptions, type WrittenNotice, writeNotice } from './write-notice.ts';

export interface SettleOptions extends NoticeWriterOptions {
  readonly database: Database<QueueSchema, QueueOperations>;
  readonly backoff: Backoff;
  readonly log: Log;
  /** The current time, milliseconds. */
  readonly now: () => number;
  readonly endPolicy: (account: string | null) => EndPolicy;
  /** Removes the file of an id whose commit failed, unless the row is there after all. */
  readonly giveUp: (reserved: WrittenNotice['reserved']) => Promise<void>;
  readonly onChange: (change: ChangeSummary) => void;
  readonly onReportFailed: (failure: ReportFailure) => void;
}

/** A report that could not be delivered to somebody. */
export interface ReportFailure {
  readonly kind: ReportKind;
  /** Address. */
  readonly recipient: string;
  readonly reply: AttemptReply;
}

interface Settled {
  readonly failure: ReportFailure | undefined;
  readonly outcome: RecipientOutcome;
  readonly notice: NoticeRecipient | undefined;
}

/**
 * Writes down what an attempt came to. Recipients whose sender need not be told come first, in a commit of their own: between a
 * peer's 250 and our commit lies nothing else. Then the DSNs' files, and one commit of the other recipients with their DSNs.
 *
 * What was sent and can't be written down (a full disk) would be sent again: so this tries until it succeeds, and meanwhile the
 * message counts as under way.
 * @param signal ends the trying; without one, the first failure is thrown
 * @throws when it could not be written down
 */
export async function settleAttempt(
  options: SettleOptions,
  job: DeliveryJob,
  result: DeliveryResult,
  signal?: AbortSignal,
): Promise<void> {
  const now = options.now();
  const settled = job.recipients.map((row, at) => settleRecipient(options, job.message, row, at, result, now));
  const quiet: RecipientOutcome[] = [];
  const told: RecipientOutcome[] = [];
  const notices = new Map<NoticeAction, NoticeRecipient[]>();
  const failures: ReportFailure[] = [];
  for (const { outcome, notice, failure } of settled) {
    if (failure !== undefined) failures.push(failure);
    if (notice === undefined) {
      quiet.push(outcome);
      continue;
    }
    told.push(outcome);
    const group = notices.get(notice.action);
    if (group === undefined) notices.set(notice.action, [notice]);
    else group.push(notice);
  }
  if (quiet.length > 0) {
    await persist(options, signal, () =>
      options.database.write('finishAttempt', {
        outcomes: quiet,
        dsns: [],
        now,
        policy: options.endPolicy(job.message.account),
      }),
    );
  }
  if (told.length > 0) {
    await persist(options, signal, () => commitWithNotices(options, job.message, told, [...notices.values()], now));
  }
  for (const failure of failures) options.onReportFailed(failure);
}

const noReply: AttemptReply = { code: 451, enhanced: '4.3.0', text: 'No reply for this recipient' };

function settleRecipient(
  options: SettleOptions,
  message: MessageRow,
  row: RecipientRow,
  at: number,
  { replies, accepted, transport, untried: untriedOf }: DeliveryResult,
  now: number,
): Settled {
  const reply = replies[at] ?? noReply;
  const untried = untriedOf?.[at];
  const attempts = row.attempts + (untried === undefined ? 1 : 0);
  const delayMs = nextAttemptDelay(attempts, options.backoff, options.random());
  let end: RecipientEnd;
  if (isAccepted(reply)) end = { kind: 'accepted', accepted };
  else if (isPermanent(reply) || delayMs === undefined) end = { kind: 'failed' };
  else end = { kind: 'retry', delayNotice: attempts === options.backoff.delayNoticeAttempt };

  const kind = message.report as ReportKind | null;
  const action = kind === null ? dueNotice(end, row.notify?.split(','), message.sender) : undefined;
  const retrying = end.kind === 'retry' && delayMs !== undefined;
  const notice: NoticeRecipient | undefined =
    action === undefined
      ? undefined
      : {
          row,
          action,
          reply,
          ...(retrying ? { willRetryUntil: now + remainingRetryTime(attempts, delayMs, options.backoff) } : {}),
        };
  return {
    notice,
    failure: kind !== null && end.kind === 'failed' ? { kind, recipient: row.address, reply } : undefined,
    outcome: retrying
      ? { id: row.id, kind: 'retry', nextAttemptAt: now + delayMs, reply }
      : { id: row.id, kind: 'finished', end: endKind(end, transport, untried), attempts, reply, transport },
  };
}

function endKind(
  end: RecipientEnd,
  transport: string | undefined,
  untried: 'suppressed' | 'given-up' | undefined,
): EndKind {
  if (untried === 'suppressed') return 'suppressed';
  if (end.kind !== 'accepted') return 'failed';
  return transport === undefined ? 'delivered' : 'relayed';
}

async function commitWithNotices(
  options: SettleOptions,
  message: MessageRow,
  outcomes: readonly RecipientOutcome[],
  groups: readonly (readonly NoticeRecipient[])[],
  now: number,
): Promise<ChangeSummary> {
  const written: WrittenNotice[] = [];
  try {
    for (const group of groups) {
      const notice = await writeNotice(options, message, group, now);
      if (notice !== undefined) written.push(notice);
    }
    const change = await options.database.write('finishAttempt', {
      outcomes,
      dsns: written.map(({ dsn }) => dsn),
      now,
      policy: options.endPolicy(message.account),
    });
    for (const { reserved } of written) reserved.settle();
    return change;
  } catch (error) {
    for (const { reserved } of written) await options.giveUp(reserved);
    throw error;
  }
}

async function persist(
  options: SettleOptions,
  signal: AbortSignal | undefined,
  commit: () => Promise<ChangeSummary>,
): Promise<void> {
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 30_000)) {
    try {
      options.onChange(await commit());
      return;
    } catch (error) {
      if (signal === undefined || signal.aborted) throw error;
      options.log.error({ err: error, retryInMs: pauseMs }, 'Cannot write down the result of a delivery: trying again');
      await wait(pauseMs, undefined, { signal });
    }
  }
}
