import type { Database } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import { dueDestinations, dueJob, nextDueTime } from './due-work.ts';
import type { QueueOperations } from './operations.ts';
import type { AttemptReply } from './queue.ts';
import type { QueueSchema } from './schema.ts';

export interface SchedulerOptions {
  readonly database: Database<QueueSchema, QueueOperations>;
  readonly log: Log;
  /** The current time, milliseconds. */
  readonly now: () => number;
  /** Deliveries under way at the same time. */
  readonly maxDeliveries: number;
  /** The same for one destination. */
  readonly maxDeliveriesTo: (domain: string) => number;
  readonly routeTo: (domain: string) => DeliveryRoute;
  /** Writes down what an attempt came to. */
  readonly settle: (job: DeliveryJob, result: DeliveryResult, signal: AbortSignal) => Promise<void>;
  readonly onAttempt: (job: DeliveryJob, result: DeliveryResult, durationMs: number) => void;
}

/** What is being delivered to one domain. */
interface Destination {
  runs: number;
  readonly messages: Set<number>;
  /** Messages taken by all runs since the first of those now running. */
  taken: number;
  /** Nothing else was due when last looked. */
  drained: boolean;
}

/**
 * Delivers what is due, a run for each destination: message after message, in the order they became due. Nothing of the queue is
 * held in memory but what is under way; what is next is asked of the database each time.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #destinations = new Map<string, Destination>();
  readonly #runs = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> | undefined;
  #fillAgain = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Looks for due recipients now. */
  kick(): void {
    if (this.#stopping) return;
    for (const destination of this.#destinations.values()) destination.drained = false;
    this.#look();
  }

  /**
   * Keeps a message from being delivered to a domain.
   * @returns the function that ends this, or undefined when its delivery is under way
   */
  claim(domain: string, messageId: number): (() => void) | undefined {
    const destination = this.#destination(domain);
    if (destination.messages.has(messageId)) return undefined;
    destination.messages.add(messageId);
    return () => {
      destination.messages.delete(messageId);
      this.#forgetIdle(domain, destination);
    };
  }

  /** Starts nothing new, waits for what is under way, and after that time ends it: it is tried again after the next start. */
  async stop(waitMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const timer = setTimeout(() => this.#abort.abort(new Error('The queue is stopping')), waitMs);
    await this.#filling;
    await Promise.all(this.#runs);
    clearTimeout(timer);
  }

  #look(): void {
    if (this.#filling !== undefined) {
      this.#fillAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#filling = this.#fill()
      .catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'Cannot look for due messages: trying again in 10 seconds');
        this.#wakeIn(10_000);
      })
      .finally(() => {
        this.#filling = undefined;
        if (this.#fillAgain && !this.#stopping) {
          this.#fillAgain = false;
          this.#look();
        }
      });
  }

  async #fill(): Promise<void> {
    const { database, maxDeliveries, maxDeliveriesTo } = this.#options;
    // Destinations with runs may come first in the answer: so many more are asked for.
    const now = this.#options.now();
    const due = await dueDestinations(database, now, maxDeliveries + this.#destinations.size);
    for (let started = true; started; ) {
      started = false;
      for (const domain of due) {
        if (this.#stopping || this.#runs.size >= maxDeliveries) return;
        const destination = this.#destinations.get(domain);
        if (destination !== undefined && (destination.drained || destination.runs >= maxDeliveriesTo(domain))) continue;
        this.#start(domain);
        started = true;
      }
    }
    const next = await nextDueTime(database, now);
    if (next !== undefined) this.#wakeIn(next - now);
  }

  #wakeIn(delayMs: number): void {
    if (this.#stopping) return;
    clearTimeout(this.#timer);
    // Not later than in a minute, in case the clock is set.
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(delayMs, 10), 60_000));
  }

  #start(domain: string): void {
    const at = this.#destination(domain);
    at.runs++;
    const run = this.#run(domain, at)
      .catch((error: unknown) => {
        if (this.#abort.signal.aborted) return;
        this.#options.log.error({ err: error, domain }, 'Delivery to a destination ended: it goes on in 10 seconds');
        // Not at once: whatever it is would happen again.
        at.drained = true;
        return new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 10_000);
          this.#abort.signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        });
      })
      .finally(() => {
        this.#runs.delete(run);
        at.runs--;
        this.#forgetIdle(domain, at);
        if (at.runs === 0 && at.taken === 0) {
          // Said to be due, and nothing was: an operator was faster. Were it an error of ours, this keeps it from spinning.
          this.#wakeIn(1000);
        } else if (!this.#stopping) this.#look();
      });
    this.#runs.add(run);
  }

  #destination(domain: string): Destination {
    let destination = this.#destinations.get(domain);
    if (destination === undefined) {
      destination = { runs: 0, messages: new Set(), taken: 0, drained: false };
      this.#destinations.set(domain, destination);
    }
    return destination;
  }

  #forgetIdle(domain: string, destination: Destination): void {
    if (destination.runs === 0 && destination.messages.size === 0) this.#destinations.delete(domain);
  }

  async #run(domain: string, destination: Destination): Promise<void> {
    const signal = this.#abort.signal;
    let route: DeliveryRoute | undefined;
    try {
      // A run ends now and then, so that a destination with many messages doesn't keep others from their turn.
      for (let count = 0; count < limits.queueMessagesPerRun && !this.#stopping; count++) {
        const job = await this.#take(domain, destination);
        if (job === undefined) return;
        try {
          route ??= this.#options.routeTo(domain);
          const startedAt = performance.now();
          const result = await this.#deliver(route, job, signal);
          await this.#options.settle(job, result, signal);
          this.#options.onAttempt(job, result, performance.now() - startedAt);
        } finally {
          destination.messages.delete(job.message.id);
        }
      }
    } finally {
      await route?.close();
    }
  }

  async #take(domain: string, destination: Destination): Promise<DeliveryJob | undefined> {
    const { database, now } = this.#options;
    for (;;) {
      const taken = new Set(destination.messages);
      const job = await dueJob(database, domain, now(), taken, limits.queueRecipientsPerTransaction);
      if (job === undefined) {
        destination.drained = true;
        return undefined;
      }
      // Another run of this destination may have taken it while we read.
      if (destination.messages.has(job.message.id)) continue;
      destination.messages.add(job.message.id);
      destination.taken++;
      return job;
    }
  }

  async #deliver(route: DeliveryRoute, job: DeliveryJob, signal: AbortSignal): Promise<DeliveryResult> {
    try {
      return await route.deliver(job, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#options.log.error({ err: error, messageId: job.message.id }, 'Delivery failed: it will be tried again');
      const reply: AttemptReply = { code: 451, enhanced: '4.3.0', text: 'Internal error' };
      return { replies: job.recipients.map(() => reply), accepted: 'relayed' };
    }
  }
}
