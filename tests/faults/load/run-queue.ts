/**
 * A queue of its own process. Arguments: data directory, port of the peer, how many messages to submit. With messages to submit it
 * delivers nothing, and says "submitted" when all are acknowledged; without, it delivers, and says "started" with the milliseconds that took.
 * SIGTERM stops it in order.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createSqliteEngine } from '../../../src/database/sqlite/sqlite-engine.ts';
import { zoneResolver } from '../../../src/queue/queue-fixture.ts';
import { startQueue } from '../../../src/queue/start-queue.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { silentLog } from '../../../src/runtime/log.ts';
import { Metrics } from '../../../src/runtime/metrics.ts';

const [directory = '', port = '', submit = '0'] = process.argv.slice(2);
const count = Number(submit);
const domains = 20;
const names = Array.from({ length: domains }, (_, at) => `d${at}.example`);
/** Messages that share a file: ext4 allows 65,000 names of one. */
const namesPerFile = 10_000;
const submissionsAtOnce = 200;

const begun = performance.now();
const engine = createSqliteEngine({ log: silentLog, workers: 1 });
const queue = await startQueue({
  engine,
  dataDirectory: directory,
  resolver: zoneResolver(Object.fromEntries(names.map((name) => [name, { a: ['127.0.0.1'] }]))),
  clock: systemClock,
  random: Math.random,
  log: silentLog,
  metrics: new Metrics(),
  hostname: 'mail.here.example',
  isLocalDomain: () => false,
  deliverLocally: async ({ recipients }) => recipients.map(() => ({ code: 250, enhanced: '2.0.0', text: 'Delivered' })),
  smtpPort: Number(port),
  ...(count > 0 ? { maxDeliveries: 0 } : {}),
});
process.stdout.write(`started ${Math.round(performance.now() - begun)}\n`);

const content = Buffer.from('Subject: One of many\r\n\r\nHello\r\n');
const sha256 = createHash('sha256').update(content).digest();

async function submitEach(indexes: IterableIterator<number>): Promise<void> {
  for (const at of indexes) {
    await queue.submit({
      sender: 'me@here.example',
      account: 'me',
      recipients: [{ address: `r${at}@${names[at % domains]}` }],
      file: { path: `file-${Math.floor(at / namesPerFile)}`, sizeBytes: content.length, sha256 },
      smtputf8: false,
      body: '7BIT',
      requireTls: false,
    });
  }
}

for (let at = 0; at * namesPerFile < count; at++) {
  const file = await open(join(directory, 'tmp', `file-${at}`), 'wx', 0o400);
  await file.writeFile(content);
  await file.sync();
  await file.close();
}
const indexes = Array.from({ length: count }, (_, at) => at).values();
await Promise.all(Array.from({ length: submissionsAtOnce }, () => submitEach(indexes)));
if (count > 0) process.stdout.write('submitted\n');

process.on('SIGTERM', async () => {
  await queue[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  process.exit(0);
});
setInterval(() => {}, 60_000);
