import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Database } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import type { DeliveryJob, DeliveryResult } from './delivery-route.ts';
import { DeliveryRoutes } from './delivery-routes.ts';
import type { EndPolicy } from './end-recipient.ts';
import { FileEraser } from './file-eraser.ts';
import { giveUpMessage } from './give-up-message.ts';
import { headerSummary } from './header-summary.ts';
import { HoldRules } from './hold-rules.ts';
import type { IncomingNotice, NoticedRecipient } from './incoming-notice.ts';
import { listRecipients } from './list-recipients.ts';
import { contentChunks, readHeader } from './message-content.ts';
import type { MessageFiles } from './message-files.ts';
import { MessageIds } from './message-ids.ts';
import { newMessageRow, newRecipients } from './new-message.ts';
import { defaultBackoff } from './next-attempt.ts';
import type { ChangeSummary, QueueOperations } from './operations.ts';
import type { WantedEvents } from './outgoing-event.ts';
import type { Queue, QueuedMessage, QueueFilter, SubmittedMessage } from './queue.ts';
import { QueueEntryNotFoundError } from './queue-errors.ts';
import { type QueueMetrics, queueMetrics } from './queue-metrics.ts';
import type { QueueOptions } from './queue-options.ts';
import { normaliseFilter, RecipientChanges } from './recipient-changes.ts';
import { Retention } from './retention.ts';
import { RetiredMessages } from './retired-messages.ts';
import { withOneRoute } from './routed-route.ts';
import { Scheduler } from './scheduler.ts';
import type { QueueSchema } from './schema.ts';
import { type SettleOptions, settleAttempt } from './settle-attempt.ts';
import { Suppressions } from './suppressions.ts';
import type { HookTally } from './webhook-operations.ts';
import { WebhookSender } from './webhook-sender.ts';
import { Webhooks } from './webhooks.ts';

const defaultKeepRetiredMs = 7 * 24 * 60 * 60 * 1000;

/** A queue that is open: what is asked of it, and what delivers. */
export class RunningQueue implements Queue {
  readonly holdRules: HoldRules;
  readonly retired: RetiredMessages;
  readonly suppressions: Suppressions;
  readonly webhooks: Webhooks;
  readonly #webhookSender: WebhookSender;
  readonly #retention: Retention;
  readonly #options: QueueOptions;
  readonly #database: Database<QueueSchema, QueueOperations>;
  readonly #files: MessageFiles;
  readonly #ids: MessageIds;
  readonly #metrics: QueueMetrics;
  readonly #eraser: FileEraser;
  readonly #routes: DeliveryRoutes;
  readonly #scheduler: Scheduler;
  readonly #changes: RecipientChanges;
  readonly #settleOptions: SettleOptions;
  #disposing: Promise<void> | undefined;

  constructor(options: QueueOptions, database: Database<QueueSchema, QueueOperations>, files: MessageFiles) {
    this.#options = options;
    this.#database = database;
    this.#files = files;
    this.#ids = new MessageIds(database);
    this.#metrics = queueMetrics(options.metrics);
    this.#eraser = new FileEraser({ engine: options.engine, database, files, log: options.log });
    const now = (): number => options.clock.now();
    this.holdRules = new HoldRules(database, now);
    this.retired = new RetiredMessages(database);
    this.suppressions = new Suppressions(database, now);
    this.#routes = new DeliveryRoutes(options, this.suppressions, (id) => files.path(id));
    const keepRetiredMs = options.keepRetiredMs ?? defaultKeepRetiredMs;
    const endPolicy = (account?: string | null): EndPolicy => ({
      keepRetired: keepRetiredMs > 0,
      wantedEvents: account === null ? {} : this.#wantedEvents(account),
    });
    this.#webhookSender = new WebhookSender({
      database,
      log: options.log,
      now,
      random: options.random,
      targetOf: (account, kind) => options.webhooks?.targetOf(account, kind),
      onRequest: (result) => this.#metrics.webhookRequested(result),
    });
    this.webhooks = new Webhooks({
      database,
      now,
      onAdded: (tally) => this.#onHooks(tally),
      onScheduled: () => this.#webhookSender.wakeAll(),
    });
    this.#retention = new Retention({ database, log: options.log, now, keepRetiredMs });
    this.#settleOptions = {
      database,
      files,
      ids: this.#ids,
      hostname: options.hostname,
      random: options.random,
      backoff: options.backoff ?? defaultBackoff,
      log: options.log,
      now,
      endPolicy,
      giveUp: (reserved) => giveUpMessage(reserved, this.#settleOptions),
      onChange: (change) => this.#onChange(change),
      onReportFailed: options.onReportFailed ?? (() => {}),
    };
    const maxLocal = options.maxLocalDeliveries ?? (options.maxDeliveries === 0 ? 0 : 8);
    this.#scheduler = new Scheduler({
      database,
      log: options.log,
      now,
      laneOf: (domain) => (this.#routes.isLocal(domain) ? 'local' : 'remote'),
      limits: {
        remote: { all: options.maxDeliveries ?? 10, each: options.maxDeliveriesPerDestination ?? 1 },
        local: { all: maxLocal, each: maxLocal },
      },
      routeTo: (domain) => this.#routes.to(domain),
      oneRoute: (job) =>
        this.#routes.isLocal(job.recipients[0]?.domain ?? '') ? job : withOneRoute(job, this.#routes.routeFor),
      settle: (job, result, signal) => settleAttempt(this.#settleOptions, job, result, signal),
      onAttempt: (job, result, durationMs) => this.#onAttempt(job, result, durationMs),
    });
    this.#changes = new RecipientChanges({
      settle: this.#settleOptions,
      scheduler: this.#scheduler,
      dropPolicy: endPolicy,
    });
  }

  async start(): Promise<void> {
    const row = await this.#database.read((reader) =>
      reader.first<{ count: number }>('SELECT count(*) AS count FROM recipient'),
    );
    this.#metrics.queued = row?.count ?? 0;
    this.#eraser.wake();
    this.#scheduler.kick();
    if (this.#options.maxDeliveries !== 0) {
      this.#retention.start();
      this.#webhookSender.start();
    }
  }

  async submit(message: SubmittedMessage): Promise<{ ids: number[]; messageId?: string }> {
    const recipients = newRecipients(message);
    const now = this.#options.clock.now();
    const prefix = message.prefix ?? new Uint8Array(0);
    const path = join(this.#options.dataDirectory, 'tmp', message.file.path);
    const reserved = await this.#ids.take();
    try {
      const [summary] = await Promise.all([
        readHeader({ prefix, path, sizeBytes: message.file.sizeBytes }, limits.queueSummaryBytes).then(headerSummary),
        this.#files.link(reserved.id, message.file),
      ]);
      const row = newMessageRow(message, summary, { id: reserved.id, now });
      const added = {
        message: row,
        recipients,
        limits: message.limits ?? {},
        nextAttemptAt: Math.max(now, message.holdUntil ?? now),
      };
      const { ids } = await this.#database.write('submit', added);
      reserved.settle();
      this.#metrics.queued += ids.length;
      this.#options.log.info(
        { messageId: reserved.id, recipientIds: ids, account: message.account, sizeBytes: row.size_bytes },
        'Message queued',
      );
      this.#scheduler.added(
        recipients.map(({ domain }) => domain),
        added.nextAttemptAt,
      );
      const messageId = summary.messageIdHeader;
      return messageId === '' ? { ids } : { ids, messageId };
    } catch (error) {
      await giveUpMessage(reserved, this.#settleOptions);
      throw error;
    }
  }

  async list(filter: QueueFilter & { limit?: number; after?: number }): Promise<QueuedMessage[]> {
    return await listRecipients(this.#database, normaliseFilter(filter), filter.after ?? 0, filter.limit ?? 1000);
  }

  async hold(filter: QueueFilter): Promise<{ count: number }> {
    return await this.#changes.hold(filter);
  }

  async unhold(filter: QueueFilter): Promise<{ count: number }> {
    return await this.#changes.unhold(filter);
  }

  async schedule(filter: QueueFilter, when: { at: number } | { deltaMs: number }): Promise<{ count: number }> {
    return await this.#changes.schedule(filter, when);
  }

  async drop(filter: QueueFilter): Promise<{ count: number }> {
    return await this.#changes.drop(filter);
  }

  async fail(filter: QueueFilter): Promise<{ count: number }> {
    return await this.#changes.fail(filter);
  }

  async dump(id: number): Promise<Readable> {
    const row = await this.#database.read((reader) =>
      reader.first<{ id: number; prefix: Uint8Array; size_bytes: number }>(
        'SELECT m.id, m.prefix, m.size_bytes FROM recipient r JOIN message m ON m.id = r.message_id WHERE r.id = ?',
        [id],
      ),
    );
    if (row === undefined) throw new QueueEntryNotFoundError(id);
    const content = { prefix: row.prefix, path: this.#files.path(row.id), sizeBytes: row.size_bytes };
    return Readable.from(contentChunks(content), { objectMode: false });
  }

  async takeNotice(notice: IncomingNotice): Promise<NoticedRecipient[]> {
    const wantedEvents = this.#wantedEvents(notice.account);
    const { noticed, hooks } = await this.#database.write('takeNotice', {
      notice,
      now: this.#options.clock.now(),
      wantedEvents,
    });
    this.#onHooks(hooks);
    return noticed;
  }

  kick(): void {
    this.#scheduler.kick();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    await this.#disposing;
  }

  async #dispose(): Promise<void> {
    await this.#scheduler.stop(this.#options.stopWaitMs ?? 10_000);
    await this.#webhookSender.stop();
    await this.#retention.stop();
    await this.#eraser.stop();
    await this.#ids.close();
    await this.#database[Symbol.asyncDispose]();
  }

  #onChange(change: ChangeSummary): void {
    this.#metrics.queued += change.added.length;
    this.#metrics.ended(change.ends);
    this.#onHooks(change.hooks);
    if (change.erased.length > 0) this.#eraser.wake();
    this.#scheduler.added(change.added, this.#options.clock.now());
  }

  #wantedEvents(account?: string): WantedEvents {
    return this.#options.webhooks?.wantedEvents(account) ?? {};
  }

  #onHooks({ accounts, dropped }: HookTally): void {
    if (accounts.length > 0) this.#webhookSender.wake(accounts);
    if (dropped === 0) return;
    this.#metrics.webhooksDropped(dropped);
    this.#options.log.warn({ dropped }, 'webhooks left out: too many wait, see "restante queue webhooks list"');
  }

  #onAttempt(job: DeliveryJob, result: DeliveryResult, durationMs: number): void {
    const local = this.#routes.isLocal(job.recipients[0]?.domain ?? '');
    this.#metrics.attempted(result.replies, local ? 'local' : 'remote', durationMs);
    job.recipients.forEach((row, at) => {
      const reply = result.replies[at];
      this.#options.log.info(
        { messageId: row.message_id, recipientId: row.id, domain: row.domain, attempt: row.attempts + 1, reply },
        'Delivery attempted',
      );
    });
  }
}
