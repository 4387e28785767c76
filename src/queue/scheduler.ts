import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import { dueDestinations, dueJob, nextDueTime } from './due-work.ts';
import type { QueueOperations } from './operations.ts';
import type { AttemptReply } from './queue.ts';
import type { QueueSchema } from './schema.ts';

/** Destinations looked at in one go. */
const dueAtOnce = 100;

export interface SchedulerOptions {
  readonly database: Database<QueueSchema, QueueOperations>;
  readonly log: Log;
  /** The current time, milliseconds. */
  readonly now: () => number;
  /** Deliveries here and to elsewhere don't wait for each other. */
  readonly laneOf: (domain: string) => Lane;
  readonly limits: Readonly<Record<Lane, LaneLimits>>;
  readonly routeTo: (domain: string) => DeliveryRoute;
  /** The part of a job that can be delivered in one go; the rest stays due. */
  readonly oneRoute: (job: DeliveryJob) => DeliveryJob;
  /** Writes down what an attempt came to. */
  readonly settle: (job: DeliveryJob, result: DeliveryResult, signal: AbortSignal) => Promise<void>;
  readonly onAttempt: (job: DeliveryJob, result: DeliveryResult, durationMs: number) => void;
}

export type Lane = 'local' | 'remote';

export interface LaneLimits {
  /** Deliveries under way at the same time. */
  readonly all: number;
  /** The same for one destination. */
  readonly each: number;
}

/** What is being delivered to one domain. */
interface Destination {
  readonly lane: Lane;
  runs: number;
  readonly messages: Set<number>;
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
  readonly #running: Record<Lane, number> = { local: 0, remote: 0 };
  /** Ends deliveries under way. */
  readonly #abort = new AbortController();
  /** Ends waits. */
  readonly #stopped = new AbortController();
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer goes off, by the queue's clock. */
  #wakeAt = Number.POSITIVE_INFINITY;
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

  /** Recipients were added: starts with them, if there is room, or when they are due. */
  added(domains: Iterable<string>, dueAt: number): void {
    const waitMs = dueAt - this.#options.now();
    if (waitMs > 0) {
      this.#wakeIn(waitMs);
      return;
    }
    for (const domain of domains) {
      const destination = this.#destinations.get(domain);
      if (destination !== undefined) destination.drained = false;
      if (!this.#stopping && this.#hasRoom(domain)) this.#start(domain);
    }
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
    this.#stopped.abort();
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
    this.#wakeAt = Number.POSITIVE_INFINITY;
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
    const { database } = this.#options;
    const now = this.#options.now();
    // Destinations with runs may come first in the answer: so many more are asked for.
    const due = await dueDestinations(database, now, dueAtOnce + this.#destinations.size);
    for (let started = true; started; ) {
      started = false;
      for (const domain of due) {
        if (this.#stopping) return;
        if (this.#destinations.get(domain)?.drained || !this.#hasRoom(domain)) continue;
        this.#start(domain);
        started = true;
      }
    }
    const next = await nextDueTime(database, now);
    if (next !== undefined) this.#wakeIn(next - now);
  }

  #wakeIn(delayMs: number): void {
    if (this.#stopping) return;
    // Not later than in a minute, in case the clock is set.
    const boundedMs = Math.min(Math.max(delayMs, 10), 60_000);
    const wakeAt = this.#options.now() + boundedMs;
    if (wakeAt >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = wakeAt;
    this.#timer = setTimeout(() => {
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#look();
    }, boundedMs);
  }

  #start(domain: string): void {
    const at = this.#destination(domain);
    at.runs++;
    this.#running[at.lane]++;
    const run = this.#run(domain, at)
      .catch(async (error: unknown) => {
        if (this.#abort.signal.aborted) return;
        this.#options.log.error({ err: error, domain }, 'Delivery to a destination ended: it goes on in 10 seconds');
        // Not at once: whatever it is would happen again.
        at.drained = true;
        await wait(10_000, undefined, { signal: this.#stopped.signal }).catch(() => {});
      })
      .finally(() => {
        this.#runs.delete(run);
        at.runs--;
        this.#running[at.lane]--;
        this.#forgetIdle(domain, at);
        if (!this.#stopping) this.#look();
      });
    this.#runs.add(run);
  }

  #destination(domain: string): Destination {
    let destination = this.#destinations.get(domain);
    if (destination === undefined) {
      destination = { lane: this.#options.laneOf(domain), runs: 0, messages: new Set(), drained: false };
      this.#destinations.set(domain, destination);
    }
    return destination;
  }

  #hasRoom(domain: string): boolean {
    const destination = this.#destinations.get(domain);
    const lane = destination?.lane ?? this.#options.laneOf(domain);
    const { all, each } = this.#options.limits[lane];
    return this.#running[lane] < all && (destination?.runs ?? 0) < each;
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
      return this.#options.oneRoute(job);
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
