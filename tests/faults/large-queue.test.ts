import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { checkFilesHere } from '../../src/database/check-files-here.ts';
import { createQueuePart } from '../../src/queue/queue-part.ts';
import { SmtpSink } from '../../src/queue/smtp-sink.ts';

const messages = 100_000;
/** Sessions that may be between the peer's 250 and the commit when the queue is killed. */
const sessions = 10;

/** Starts the queue; `said` waits for a line that begins so. */
function start(directory: string, port: number, submit = 0) {
  const program = join(import.meta.dirname, 'load/run-queue.ts');
  const child = spawn(process.execPath, [program, directory, String(port), String(submit)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async said(word: string): Promise<string> {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`The queue ended before it said "${word}"`);
        if (value.startsWith(word)) return value;
      }
    },
    async end(signal: NodeJS.Signals): Promise<void> {
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

async function receivedAtLeast(sink: SmtpSink, count: number): Promise<void> {
  for (let last = -1, since = Date.now(); sink.received.length < count; ) {
    if (sink.received.length !== last) {
      last = sink.received.length;
      since = Date.now();
    }
    if (Date.now() - since > 60_000) throw new Error(`Nothing came for a minute after ${last} messages`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('a queue of 100,000 messages that is stopped and killed while it sends loses none, and sends none twice but for what was under way', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-large-queue-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, 'tmp'));
  await using sink = await SmtpSink.start();

  // Killed as soon as the last message is acknowledged.
  const submitting = start(directory, sink.port, messages);
  await submitting.said('submitted');
  await submitting.end('SIGKILL');

  const stopped = start(directory, sink.port);
  const startMs = Number((await stopped.said('started')).split(' ')[1]);
  expect(startMs).toBeLessThan(10_000);
  await receivedAtLeast(sink, messages * 0.3);
  await stopped.end('SIGTERM');
  expect(twice(sink)).toBe(0);

  const killed = start(directory, sink.port);
  await receivedAtLeast(sink, messages * 0.6);
  await killed.end('SIGKILL');

  const last = start(directory, sink.port);
  await receivedAtLeast(sink, messages);
  for (let waits = 0; countsOf(sink).size < messages && waits < 600; waits++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await last.end('SIGTERM');

  expect(countsOf(sink).size).toBe(messages);
  expect(twice(sink)).toBeLessThanOrEqual(sessions);
  const options = { signal: new AbortController().signal, checkFiles: checkFilesHere(directory) };
  expect(await Array.fromAsync(createQueuePart().verify(directory, options))).toEqual([]);
});

function countsOf(sink: SmtpSink): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { recipients } of sink.received) {
    for (const recipient of recipients) counts.set(recipient, (counts.get(recipient) ?? 0) + 1);
  }
  return counts;
}

/** How many deliveries were not the first. */
function twice(sink: SmtpSink): number {
  return [...countsOf(sink).values()].reduce((sum, count) => sum + count - 1, 0);
}
