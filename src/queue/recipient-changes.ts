import { limits } from '../runtime/limits.ts';
import { chooseJobs } from './choose-jobs.ts';
import type { EndPolicy } from './end-recipient.ts';
import type { QueueFilter } from './queue.ts';
import { recipientDomain } from './recipient-domain.ts';
import type { Scheduler } from './scheduler.ts';
import { type SettleOptions, settleAttempt } from './settle-attempt.ts';

export interface RecipientChangesOptions {
  readonly settle: SettleOptions;
  readonly scheduler: Pick<Scheduler, 'claim' | 'kick'>;
  /** For recipients that are dropped, of whatever account. */
  readonly dropPolicy: () => EndPolicy;
}

/** What operators change of many recipients at once: some in each transaction, and mail goes on between them. See `Queue`. */
export class RecipientChanges {
  readonly #options: RecipientChangesOptions;
  readonly #database: SettleOptions['database'];

  constructor(options: RecipientChangesOptions) {
    this.#options = options;
    this.#database = options.settle.database;
  }

  async hold(filter: QueueFilter): Promise<{ count: number }> {
    return await this.#changeAll(filter, (step) => this.#database.write('setHeld', { ...step, held: true }));
  }

  async unhold(filter: QueueFilter): Promise<{ count: number }> {
    const done = await this.#changeAll(filter, (step) => this.#database.write('setHeld', { ...step, held: false }));
    this.#options.scheduler.kick();
    return done;
  }

  async schedule(filter: QueueFilter, when: { at: number } | { deltaMs: number }): Promise<{ count: number }> {
    const done = await this.#changeAll(filter, (step) => this.#database.write('schedule', { ...step, ...when }));
    this.#options.scheduler.kick();
    return done;
  }

  async drop(filter: QueueFilter): Promise<{ count: number }> {
    return await this.#changeAll(filter, async (step) => {
      const dropped = await this.#database.write('drop', {
        ...step,
        now: this.#options.settle.now(),
        policy: this.#options.dropPolicy(),
      });
      this.#options.settle.onChange({ added: [], ends: Array(dropped.count).fill('dropped'), ...dropped });
      return dropped;
    });
  }

  async fail(filter: QueueFilter): Promise<{ count: number }> {
    const reply = { code: 554, enhanced: '5.0.0', text: 'Given up by an administrator of the sending server' };
    return await this.#changeAll(filter, async (step) => {
      const { jobs, after } = await chooseJobs(this.#database, step);
      let count = 0;
      for (const job of jobs) {
        const end = this.#options.scheduler.claim(job.recipients[0]?.domain ?? '', job.message.id);
        if (end === undefined) continue;
        try {
          const replies = job.recipients.map(() => reply);
          await settleAttempt(this.#options.settle, job, {
            replies,
            accepted: 'relayed',
            untried: job.recipients.map(() => 'given-up'),
          });
          count += job.recipients.length;
        } finally {
          end();
        }
      }
      return { count, after };
    });
  }

  async #changeAll(
    filter: QueueFilter,
    change: (step: {
      filter: QueueFilter;
      after: number;
      limit: number;
    }) => Promise<{ count: number; after: number | undefined }>,
  ): Promise<{ count: number }> {
    const normal = normaliseFilter(filter);
    let count = 0;
    for (let after: number | undefined = 0; after !== undefined; ) {
      const step = await change({ filter: normal, after, limit: limits.queueChangeStep });
      count += step.count;
      after = step.after;
    }
    return { count };
  }
}

/** With the domain as it is stored. */
export function normaliseFilter(filter: QueueFilter): QueueFilter {
  if (filter.domain === undefined) return filter;
  return { ...filter, domain: recipientDomain(`x@${filter.domain}`) ?? filter.domain };
}
