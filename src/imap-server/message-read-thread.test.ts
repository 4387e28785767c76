import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { silentLog } from '../runtime/log.ts';
import { messageFilePath } from '../store/message-files.ts';
import { type FilesToRead, frameBytes, MessageReadThread } from './message-read-thread.ts';

let directory: string;
let workers: Worker[];
const note = (worker: Worker): void => {
  if (worker.threadName === 'message reads') workers.push(worker);
};
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'restante-reads-'));
  workers = [];
  process.on('worker', note);
});
afterEach(() => {
  process.off('worker', note);
  rmSync(directory, { recursive: true });
});

function store(contentId: number, text: string): void {
  const path = join(directory, messageFilePath(contentId));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function running(): Promise<MessageReadThread> {
  const thread = new MessageReadThread(silentLog);
  await expect.poll(() => (thread.lend() === undefined ? 0 : 1)).toBe(1);
  return thread;
}

const reading = (...files: number[]): FilesToRead => ({ usedBytes: 100, directory, files });

describe('MessageReadThread', () => {
  it('puts files into a frame, with 0x80 in place of NUL, and leaves all else', async () => {
    await using thread = await running();
    store(7, 'seven');
    store(2000, 'a\0b');
    const frame = thread.lend()!;
    expect(frame.length).toBe(frameBytes);
    frame.fill('.', 0, 100);
    const bytes = await thread.read(frame, reading(7, 2, 5, 2000, 10, 3));
    expect(bytes?.toString('latin1', 0, 15)).toBe('..seven...a\x80b..');
  });

  it('answers in the order in which it is asked, and says when a file is missing or has another size', async () => {
    await using thread = await running();
    for (let id = 1; id <= 9; id++) store(id, `${id}`);
    const ids = [1, 2, 10, 3, 4];
    const answers = await Promise.all(ids.map((id) => thread.read(thread.lend()!, reading(1, 0, 1, id, 1, 1))));
    expect(answers.map((bytes) => bytes?.toString('latin1', 0, 2))).toEqual(['11', '12', undefined, '13', '14']);
    store(5, 'longer');
    expect(await thread.read(thread.lend()!, reading(5, 0, 5))).toBeUndefined();
    expect(await thread.read(thread.lend()!, reading(5, 0, 7))).toBeUndefined();
    expect(await thread.read(thread.lend()!, reading(5, 0, 6))).toBeDefined();
  });

  it('lends so much memory and no more, and again what was given back or could not be filled', async () => {
    await using thread = await running();
    const frames = Array.from({ length: limits.imapReadAheadFrames - 1 }, () => thread.lend()!);
    expect(frames.every(Buffer.isBuffer)).toBe(true);
    expect(thread.lend()).toBeUndefined();
    thread.giveBack(frames[0]);
    expect(thread.lend()).toBeDefined();
    expect(await thread.read(frames[1]!, reading(404, 0, 1))).toBeUndefined();
    expect(thread.lend()).toBeDefined();
    expect(thread.lend()).toBeUndefined();
  });

  it('lends nothing after its death, and says of all that it was asked that it could not be read', async () => {
    await using thread = await running();
    store(1, 'one');
    const frame = thread.lend()!;
    const asked = [thread.read(thread.lend()!, reading(1, 0, 3)), thread.read(thread.lend()!, reading(1, 0, 3))];
    const ended = workers[0]!.terminate();
    // Those that it has read before are read.
    for (const bytes of await Promise.all(asked)) expect([undefined, 'one']).toContain(bytes?.toString('latin1', 0, 3));
    await ended;
    await expect.poll(() => thread.lend()).toBeUndefined();
    expect(await thread.read(frame, reading(1, 0, 3))).toBeUndefined();
    expect(workers).toHaveLength(1);
  });

  it('is gone when it was disposed of, and answers what it was asked', async () => {
    const thread = await running();
    const asked = thread.read(thread.lend()!, reading(404, 0, 1));
    const exited = new Promise((resolve) => workers[0]!.once('exit', resolve));
    await thread[Symbol.asyncDispose]();
    expect(await asked).toBeUndefined();
    await exited;
    expect(thread.lend()).toBeUndefined();
    expect(workers).toHaveLength(1);
  });
});
