import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { checkFilesHere } from '../database/check-files-here.ts';
import { createQueuePart } from './queue-part.ts';
import { SmtpSink } from './smtp-sink.ts';

interface Run {
  readonly lines: string[];
  readonly signal: NodeJS.Signals | null;
}

/** @param killAfter kills the program when that many messages are acknowledged */
async function run(directory: string, port: number, step: string, submit: number, killAfter?: number): Promise<Run> {
  const program = new URL('./queue-until-killed.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, directory, String(port), step, String(submit)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on('exit', (_, by) => resolve(by)));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.filter((said) => said.startsWith('acknowledged')).length === killAfter) child.kill('SIGKILL');
  }
  return { lines, signal: await ended };
}

/** Kills a queue, lets it go on, and counts what came out for each message. */
async function killAndGoOn(kill: (directory: string, port: number) => Promise<Run>): Promise<{
  killed: Run;
  /** Good messages that were acknowledged or received, and how often each was received. */
  received: Map<string, number>;
  acknowledgedBad: number;
  /** Queue ids of DSNs that were delivered. */
  dsns: Set<string>;
}> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-queue-crash-'));
  await using sink = await SmtpSink.start();
  sink.reply = (command) => (command.includes('<bad') ? '550 5.1.1 No such user' : undefined);
  try {
    await mkdir(join(directory, 'tmp'));
    const killed = await kill(directory, sink.port);
    expect(await errorsIn(directory)).toEqual([]);
    const finished = await run(directory, sink.port, '', 0);
    expect(finished.signal).toBe(null);
    const findings = await Array.fromAsync(
      createQueuePart().verify(directory, {
        signal: new AbortController().signal,
        checkFiles: checkFilesHere(directory),
      }),
    );
    expect(findings).toEqual([]);
    const counts = new Map<string, number>();
    for (const { content } of sink.received) {
      const name = /<(.*)@here/.exec(content)?.[1] ?? '';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const lines = [...killed.lines, ...finished.lines];
    for (const line of lines) {
      const [said, kind, name = ''] = line.split(' ');
      if (said === 'acknowledged' && kind === 'good' && !counts.has(name)) counts.set(name, 0);
    }
    return {
      killed,
      received: counts,
      acknowledgedBad: lines.filter((line) => line.startsWith('acknowledged bad')).length,
      dsns: new Set(lines.filter((line) => line.startsWith('dsn'))),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function errorsIn(directory: string): Promise<unknown[]> {
  if (!(await readdir(directory)).includes('queue')) return [];
  const findings = await Array.fromAsync(
    createQueuePart().verify(directory, {
      signal: new AbortController().signal,
      checkFiles: checkFilesHere(directory),
    }),
  );
  return findings.filter(({ severity }) => severity !== 'note');
}

describe('a queue that is killed', () => {
  it.each([
    ['before the file is linked', 'after-reserveIds'],
    ['after the file is linked', 'before-submit'],
    ['after the message is committed', 'after-submit'],
    ['after the result is committed', 'after-finishAttempt'],
    ['when the file of a DSN is there', 'before-finishAttempt-with-dsn'],
    ['when a DSN is committed', 'after-finishAttempt-with-dsn'],
    ['before it notes that files are gone', 'before-forgetErased'],
  ])('%s loses nothing and sends nothing twice', { timeout: 30_000 }, async (_, step) => {
    const { killed, received, acknowledgedBad, dsns } = await killAndGoOn((directory, port) =>
      run(directory, port, step, 6),
    );
    expect(killed.signal).toBe('SIGKILL');
    expect([...received.values()].every((count) => count === 1)).toBe(true);
    expect(dsns.size).toBeGreaterThanOrEqual(acknowledgedBad);
    expect(dsns.size).toBeLessThanOrEqual(acknowledgedBad + 1);
  });

  it('between the 250 of the peer and the commit sends that one message again', { timeout: 30_000 }, async () => {
    const { killed, received } = await killAndGoOn((directory, port) =>
      run(directory, port, 'before-finishAttempt', 1),
    );
    expect(killed.signal).toBe('SIGKILL');
    expect([...received.values()]).toEqual([2]);
  });

  it('at any moment loses nothing, and sends twice at most what was under way', { timeout: 60_000 }, async () => {
    for (const killAfter of [1, 20, 75]) {
      const { received, acknowledgedBad, dsns } = await killAndGoOn((directory, port) =>
        run(directory, port, '', 1_000_000, killAfter),
      );
      const counts = [...received.values()];
      expect(counts.every((count) => count === 1 || count === 2)).toBe(true);
      // One destination has one session.
      expect(counts.filter((count) => count === 2).length).toBeLessThanOrEqual(1);
      expect(dsns.size).toBeGreaterThanOrEqual(acknowledgedBad);
    }
  });
});
