import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database, DatabaseEngine } from '../database/engine.ts';
import { createTestEngine } from '../database/sqlite/test-engine-fixture.ts';
import { DnsError } from '../dns/dns-error.ts';
import type { DnsAnswer, Resolver, TlsaRecord } from '../dns/resolver.ts';
import { silentLog } from '../runtime/log.ts';
import { Metrics } from '../runtime/metrics.ts';
import type { LocalMessage } from './local-route.ts';
import type { QueueOperations } from './operations.ts';
import type { Queue, QueueableFile, SubmittedMessage } from './queue.ts';
import { queueDatabase, queueDatabasePath } from './queue-database.ts';
import type { QueueOptions } from './queue-options.ts';
import type { QueueSchema } from './schema.ts';
import { startQueue } from './start-queue.ts';

/** A zone for tests: names without final dot. */
export interface TestZone {
  readonly [name: string]:
    | {
        mx?: [preference: number, exchange: string][];
        a?: string[];
        aaaa?: string[];
        tlsa?: TlsaRecord[];
        /** Validated by DNSSEC, also what it lacks. */
        authentic?: boolean;
      }
    | 'temporary';
}

export function zoneResolver(zone: TestZone): Resolver {
  const look = async <T>(
    name: string,
    type: 'mx' | 'a' | 'aaaa' | 'tlsa',
    map: (value: never) => T,
  ): Promise<DnsAnswer<T>> => {
    const entry = zone[name];
    const query = { name, type };
    if (entry === 'temporary') throw new DnsError('temporary', query, 'no answer');
    if (entry === undefined) throw new DnsError('nxdomain', query, 'the name does not exist');
    const values = (entry[type] ?? []) as never[];
    const { authentic = false } = entry;
    if (values.length === 0) throw new DnsError('nodata', query, 'there are no such records', { authentic });
    return { records: values.map(map), authentic, canonicalName: name, ttlSeconds: 60 };
  };
  const none = async (name: string): Promise<never> => {
    throw new DnsError('nodata', { name, type: 'other' }, 'not in this zone');
  };
  return {
    mx: (name) => look(name, 'mx', ([preference, exchange]: [number, string]) => ({ preference, exchange })),
    a: (name) => look(name, 'a', (address: string) => address),
    aaaa: (name) => look(name, 'aaaa', (address: string) => address),
    txt: none,
    ptr: none,
    tlsa: (name) => look(name, 'tlsa', (record: TlsaRecord) => record),
    ns: none,
    soa: none,
  };
}

/** A data directory with a queue that delivers to a list, unless told otherwise. */
export class QueueFixture implements AsyncDisposable {
  readonly dataDirectory: string;
  readonly clock = { at: Date.parse('2026-01-05T10:00:00Z'), now: (): number => this.clock.at };
  readonly metrics = new Metrics();
  readonly engine: DatabaseEngine;
  /** What came out locally. */
  readonly delivered: LocalMessage[] = [];
  #queue: Queue | undefined;

  private constructor(dataDirectory: string) {
    this.dataDirectory = dataDirectory;
    this.engine = createTestEngine();
  }

  static async create(): Promise<QueueFixture> {
    const directory = await mkdtemp(join(tmpdir(), 'restante-queue-'));
    await mkdir(join(directory, 'tmp'));
    return new QueueFixture(directory);
  }

  async start(options: Partial<QueueOptions> = {}): Promise<Queue> {
    this.#queue = await startQueue({
      engine: this.engine,
      dataDirectory: this.dataDirectory,
      resolver: zoneResolver({}),
      clock: this.clock,
      random: () => 0.5,
      log: silentLog,
      metrics: new Metrics(),
      hostname: 'mail.here.example',
      isLocalDomain: (domain) => domain === 'here.example',
      deliverLocally: async (message) => {
        this.delivered.push(message);
        return message.recipients.map(() => ({ code: 250, enhanced: '2.1.5', text: 'Delivered' }));
      },
      connect: () => Promise.reject(new Error('No connection in this test')),
      stopWaitMs: 2000,
      ...options,
    });
    return this.#queue;
  }

  /** The queue's database, beside the queue. */
  async openDatabase(): Promise<Database<QueueSchema, QueueOperations>> {
    return await this.engine.open(queueDatabase, join(this.dataDirectory, queueDatabasePath));
  }

  /** A flushed file in `tmp/`. */
  async file(content = 'Subject: Test\r\nMessage-ID: <one@here.example>\r\n\r\nHello\r\n'): Promise<QueueableFile> {
    const bytes = Buffer.from(content);
    const path = randomUUID();
    const file = await open(join(this.dataDirectory, 'tmp', path), 'wx', 0o400);
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    return { path, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest() };
  }

  async message(
    recipients: (string | SubmittedMessage['recipients'][number])[],
    more: Partial<SubmittedMessage> = {},
  ): Promise<SubmittedMessage> {
    return {
      sender: 'me@here.example',
      account: 'me',
      recipients: recipients.map((recipient) => (typeof recipient === 'string' ? { address: recipient } : recipient)),
      file: more.file ?? (await this.file()),
      smtputf8: false,
      body: '7BIT',
      requireTls: false,
      ...more,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue?.[Symbol.asyncDispose]();
    await this.engine[Symbol.asyncDispose]();
    await rm(this.dataDirectory, { recursive: true, force: true });
  }
}

/** Waits until a condition holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
  waitMs = 10_000,
): Promise<void> {
  const end = Date.now() + waitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
