import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Database } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import { chooseJobs } from './choose-jobs.ts';
import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import type { EndPolicy } from './end-recipient.ts';
import { FileEraser } from './file-eraser.ts';
import { headerSummary } from './header-summary.ts';
import { HoldRules } from './hold-rules.ts';
import type { IncomingNotice, NoticedRecipient } from './incoming-notice.ts';
import { listRecipients } from './list-recipients.ts';
import { LocalRoute } from './local-route.ts';
import type { RouteFor } from './mail-route.ts';
import { contentChunks, readHeader } from './message-content.ts';
import type { MessageFiles } from './message-files.ts';
import { MessageIds, type ReservedId } from './message-ids.ts';
import { defaultBackoff } from './next-attempt.ts';
import type { ChangeSummary, QueueOperations } from './operations.ts';
import { OtherFamilyRoute } from './other-family-route.ts';
import type { WantedEvents } from './outgoing-event.ts';
import type { Queue, QueuedMessage, QueueFilter, SubmittedMessage } from './queue.ts';
import { InvalidQueueRecipientError, QueueEntryNotFoundError } from './queue-errors.ts';
import { type QueueMetrics, queueMetrics } from './queue-metrics.ts';
import type { QueueOptions } from './queue-options.ts';
import { recipientDomain } from './recipient-domain.ts';
import { remoteOptions } from './remote-options.ts';
import { RemoteRoute } from './remote-route.ts';
import { Retention } from './retention.ts';
import { RetiredMessages } from './retired-messages.ts';
import { RoutedRoute, withOneRoute } from './routed-route.ts';
import { Scheduler } from './scheduler.ts';
import type { MessageRow, QueueSchema } from './schema.ts';
import { type SettleOptions, settleAttempt } from './settle-attempt.ts';
import { SuppressingRoute } from './suppressing-route.ts';
import { Suppressions } from './suppressions.ts';
import type { HookTally } from './webhook-operations.ts';
import { WebhookSender } from './webhook-sender.ts';
import { Webhooks } from './webhooks.ts';

const defaultKeepRetiredMs = 7 * 24 * 60 * 60 * 1000;

const direct: RouteFor = () => ({ kind: 'direct' });

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
  readonly #scheduler: Scheduler;
  readonly #settleOptions: SettleOptions;
  readonly #endPolicy: (account?: string | null) => EndPolicy;
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
    const keepRetiredMs = options.keepRetiredMs ?? defaultKeepRetiredMs;
    this.#endPolicy = (account) => ({
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
      endPolicy: this.#endPolicy,
      giveUp: async (reserved) => {
        await this.#giveUp(reserved);
      },
      onChange: (change) => this.#onChange(change),
      onReportFailed: options.onReportFailed ?? (() => {}),
    };
    const maxLocal = options.maxLocalDeliveries ?? (options.maxDeliveries === 0 ? 0 : 8);
    this.#scheduler = new Scheduler({
      database,
      log: options.log,
      now,
      laneOf: (domain) => (this.#isLocal(domain) ? 'local' : 'remote'),
      limits: {
        remote: { all: options.maxDeliveries ?? 10, each: options.maxDeliveriesPerDestination ?? 1 },
        local: { all: maxLocal, each: maxLocal },
      },
      routeTo: (domain) => this.#routeTo(domain),
      oneRoute: (job) =>
        this.#isLocal(job.recipients[0]?.domain ?? '') ? job : withOneRoute(job, options.routeFor ?? direct),
      settle: (job, result, signal) => settleAttempt(this.#settleOptions, job, result, signal),
      onAttempt: (job, result, durationMs) => this.#onAttempt(job, result, durationMs),
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
    const recipients = message.recipients.map(({ address, notify, orcpt }) => {
      const domain = recipientDomain(address);
      if (domain === undefined) throw new InvalidQueueRecipientError(address);
      return {
        address,
        domain,
        notify: notify === undefined || notify.length === 0 ? null : notify.join(',').toUpperCase(),
        orcpt: orcpt ?? null,
      };
    });
    const now = this.#options.clock.now();
    const prefix = message.prefix ?? new Uint8Array(0);
    const path = join(this.#options.dataDirectory, 'tmp', message.file.path);
    const reserved = await this.#ids.take();
    try {
      const [summary] = await Promise.all([
        readHeader({ prefix, path, sizeBytes: message.file.sizeBytes }, limits.queueSummaryBytes).then(headerSummary),
        this.#files.link(reserved.id, message.file),
      ]);
      const row: MessageRow = {
        id: reserved.id,
        account: message.account ?? null,
        sender: message.sender,
        size_bytes: message.file.sizeBytes,
        sha256: message.file.sha256,
        prefix,
        subject: summary.subject,
        message_id_header: summary.messageIdHeader,
        ret: message.ret ?? null,
        envid: message.envid ?? null,
        smtputf8: message.smtputf8 ? 1 : 0,
        body: message.body,
        require_tls: message.requireTls ? 1 : 0,
        // RFC 8689 §5: the header field yields to the MAIL parameter.
        tls_optional: summary.isTlsOptional && !message.requireTls ? 1 : 0,
        is_dsn: message.isDsn ? 1 : 0,
        report: message.report ?? null,
        queued_at: now,
      };
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
      await this.#giveUp(reserved);
      throw error;
    }
  }

  async list(filter: QueueFilter & { limit?: number; after?: number }): Promise<QueuedMessage[]> {
    return await listRecipients(this.#database, this.#normalise(filter), filter.after ?? 0, filter.limit ?? 1000);
  }

  async hold(filter: QueueFilter): Promise<{ count: number }> {
    return await this.#changeAll(filter, (step) => this.#database.write('setHeld', { ...step, held: true }));
  }

  async unhold(filter: QueueFilter): Promise<{ count: number }> {
    const done = await this.#changeAll(filter, (step) => this.#database.write('setHeld', { ...step, held: false }));
    this.kick();
    return done;
  }

  async schedule(filter: QueueFilter, when: { at: number } | { deltaMs: number }): Promise<{ count: number }> {
    const done = await this.#changeAll(filter, (step) => this.#database.write('schedule', { ...step, ...when }));
    this.kick();
    return done;
  }

  async drop(filter: QueueFilter): Promise<{ count: number }> {
    return await this.#changeAll(filter, async (step) => {
      const dropped = await this.#database.write('drop', {
        ...step,
        now: this.#options.clock.now(),
        policy: this.#endPolicy(),
      });
      this.#onChange({ added: [], ends: Array(dropped.count).fill('dropped'), ...dropped });
      return dropped;
    });
  }

  async fail(filter: QueueFilter): Promise<{ count: number }> {
    const reply = { code: 554, enhanced: '5.0.0', text: 'Given up by an administrator of the sending server' };
    return await this.#changeAll(filter, async (step) => {
      const { jobs, after } = await chooseJobs(this.#database, step);
      let count = 0;
      for (const job of jobs) {
        const end = this.#scheduler.claim(job.recipients[0]?.domain ?? '', job.message.id);
        if (end === undefined) continue;
        try {
          const replies = job.recipients.map(() => reply);
          await settleAttempt(this.#settleOptions, job, {
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

  /** Lets go of the id of a message whose commit failed; its file goes, unless the row is there after all. */
  async #giveUp(reserved: ReservedId): Promise<void> {
    try {
      const row = await this.#database.read((reader) =>
        reader.first('SELECT 1 FROM message WHERE id = ?', [reserved.id]),
      );
      if (row === undefined) await this.#files.removeAll([reserved.id]);
      reserved.settle();
    } catch (error) {
      // The id stays reserved: the next start removes the file.
      this.#options.log.error({ err: error, messageId: reserved.id }, 'Cannot remove the file of a message not queued');
    }
  }

  #normalise(filter: QueueFilter): QueueFilter {
    if (filter.domain === undefined) return filter;
    return { ...filter, domain: recipientDomain(`x@${filter.domain}`) ?? filter.domain };
  }

  #isLocal(domain: string): boolean {
    return this.#options.loopback === true || this.#options.isLocalDomain(domain);
  }

  #routeTo(domain: string): DeliveryRoute {
    return new SuppressingRoute(this.suppressions, this.#wayTo(domain));
  }

  #wayTo(domain: string): DeliveryRoute {
    const pathOf = (id: number): string => this.#files.path(id);
    if (this.#isLocal(domain)) return new LocalRoute(this.#options.deliverLocally, pathOf);
    return new RoutedRoute(this.#options.routeFor ?? direct, (way) => {
      const remote = remoteOptions(this.#options, way, pathOf);
      if (way.kind === 'relay' || way.family !== undefined || way.proxy !== undefined) {
        return new RemoteRoute(remote, domain);
      }
      return new OtherFamilyRoute((watch, family) => {
        const { connect, resolver } =
          family === undefined ? remote : remoteOptions(this.#options, { ...way, family }, pathOf);
        return new RemoteRoute({ ...remote, resolver, connect: watch(connect) }, domain);
      });
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
    const normal = this.#normalise(filter);
    let count = 0;
    for (let after: number | undefined = 0; after !== undefined; ) {
      const step = await change({ filter: normal, after, limit: limits.queueChangeStep });
      count += step.count;
      after = step.after;
    }
    return { count };
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
    const local = this.#isLocal(job.recipients[0]?.domain ?? '');
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
