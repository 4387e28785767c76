/**
 * A program that submits and sends mail, to be killed at a step: arguments are the data directory, the peer's port, the step, and
 * how many messages to submit. It says in a line what was acknowledged and what was delivered here; with no step it runs until the
 * queue is empty.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, DatabaseEngine } from '../database/engine.ts';
import { createSqliteEngine } from '../database/sqlite/sqlite-engine.ts';
import { systemClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { Metrics } from '../runtime/metrics.ts';
import type { QueueOperations } from './operations.ts';
import { zoneResolver } from './queue-fixture.ts';
import type { QueueSchema } from './schema.ts';
import { startQueue } from './start-queue.ts';

const [directory = '', port = '', step = '', submit = '0'] = process.argv.slice(2);

function reached(where: string): void {
  if (where === step) process.kill(process.pid, 'SIGKILL');
}

/** Names the steps that the queue takes by what it asks of the database. */
function stepOf(name: string, args: { dsns?: readonly unknown[] }): string {
  return name === 'finishAttempt' && (args.dsns?.length ?? 0) > 0 ? 'finishAttempt-with-dsn' : name;
}

const engine = createSqliteEngine({ log: silentLog, workers: 1 });
const watched: DatabaseEngine = Object.create(engine, {
  filesMayBeErased: { get: () => engine.filesMayBeErased },
  open: {
    value: async (...args: Parameters<DatabaseEngine['open']>) => {
      const database = (await engine.open(...args)) as unknown as Database<QueueSchema, QueueOperations>;
      return Object.create(database, {
        read: { value: database.read.bind(database) },
        [Symbol.asyncDispose]: { value: () => database[Symbol.asyncDispose]() },
        write: {
          value: async (name: keyof QueueOperations, writeArgs: never) => {
            reached(`before-${stepOf(name, writeArgs)}`);
            const result = await database.write(name, writeArgs);
            reached(`after-${stepOf(name, writeArgs)}`);
            return result;
          },
        },
      });
    },
  },
});

const queue = await startQueue({
  engine: watched,
  dataDirectory: directory,
  resolver: zoneResolver({ 'there.example': { a: ['127.0.0.1'] } }),
  clock: systemClock,
  random: Math.random,
  log: silentLog,
  metrics: new Metrics(),
  hostname: 'mail.here.example',
  isLocalDomain: (domain) => domain === 'here.example',
  deliverLocally: async (message) => {
    for (const { id } of message.recipients) process.stdout.write(`dsn ${id}\n`);
    return message.recipients.map(() => ({ code: 250, enhanced: '2.1.5', text: 'Delivered' }));
  },
  smtpPort: Number(port),
});

for (let count = 0; count < Number(submit); count++) {
  const name = `${process.pid}-${count}`;
  const bytes = Buffer.from(`Message-ID: <${name}@here.example>\r\n\r\nHello\r\n`);
  const file = await open(join(directory, 'tmp', name), 'wx', 0o400);
  await file.writeFile(bytes);
  await file.sync();
  await file.close();
  const kind = count % 3 === 2 ? 'bad' : 'good';
  await queue.submit({
    sender: 'me@here.example',
    recipients: [{ address: `${kind}-${name}@there.example` }],
    file: { path: name, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest() },
    smtputf8: false,
    body: '7BIT',
    requireTls: false,
  });
  process.stdout.write(`acknowledged ${kind} ${name}\n`);
}
while ((await queue.list({ limit: 1 })).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
if (step !== '') await new Promise((resolve) => setTimeout(resolve, 3000));
await queue[Symbol.asyncDispose]();
await engine[Symbol.asyncDispose]();
