import { chmod, cp, mkdir, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFilesHere } from '../database/check-files-here.ts';
import type { Finding } from '../database/durable-part.ts';
import { QueueFixture } from './queue-fixture.ts';
import { createQueuePart } from './queue-part.ts';

const part = createQueuePart();

async function verify(directory: string): Promise<Finding[]> {
  return await Array.fromAsync(
    part.verify(directory, { checkFiles: checkFilesHere(directory), signal: new AbortController().signal }),
  );
}

async function filled(): Promise<{ fixture: QueueFixture; queue: Awaited<ReturnType<QueueFixture['start']>> }> {
  const fixture = await QueueFixture.create();
  const queue = await fixture.start();
  const holdUntil = fixture.clock.at + 60_000;
  for (let at = 0; at < 3; at++)
    await queue.submit(await fixture.message(['a@there.example', 'b@x.example'], { holdUntil }));
  return { fixture, queue };
}

describe('the queue in a backup', () => {
  it('captures what was in the queue at the instant, whatever happens meanwhile', async () => {
    const { fixture, queue } = await filled();
    await using _ = fixture;
    const copy = await mkdtemp(join(tmpdir(), 'restante-queue-copy-'));
    try {
      {
        await using snapshot = await fixture.engine.snapshot();
        await queue.drop({ all: true });
        await queue.submit(await fixture.message(['later@there.example'], { holdUntil: fixture.clock.at + 60_000 }));
        await new Promise((resolve) => setTimeout(resolve, 400));
        const captured = await Array.fromAsync(part.capture(snapshot, fixture.dataDirectory));
        const files = captured.flatMap((file): { path: string; kind?: 'database' }[] => {
          if (file.kind === 'database') return [file];
          return file.kind === 'messages' ? [...file.files] : [];
        });
        expect(files.map(({ path }) => path)).toEqual([
          'queue/index.db',
          'queue/msg/0/1',
          'queue/msg/0/2',
          'queue/msg/0/3',
        ]);
        expect(files.every(({ path }) => part.owns(path))).toBe(true);
        await mkdir(join(copy, 'queue/msg/0'), { recursive: true });
        for (const { kind, path } of files) {
          if (kind === 'database') {
            await snapshot.copy(join(fixture.dataDirectory, path), join(copy, path), {
              signal: new AbortController().signal,
            });
          } else await cp(join(fixture.dataDirectory, path), join(copy, path));
        }
      }
      expect(await verify(copy)).toEqual([]);
      const notes = await part.afterRestore?.(fixture.engine, copy, { instant: 0, now: 1000, restores: 0 });
      expect(notes).toMatchObject([{ code: 'queue-held', message: expect.stringContaining('6 recipients') }]);
      expect(await part.afterRestore?.(fixture.engine, copy, { instant: 0, now: 1000, restores: 0 })).toEqual([]);
      expect(await verify(copy)).toEqual([]);
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  it('finds files that are missing, changed, or nobody knows', async () => {
    const { fixture, queue } = await filled();
    await using _ = fixture;
    await queue[Symbol.asyncDispose]();
    expect(await verify(fixture.dataDirectory)).toEqual([]);
    const file = (id: number): string => join(fixture.dataDirectory, `queue/msg/0/${id}`);
    await unlink(file(1));
    await chmod(file(2), 0o600);
    await writeFile(file(2), 'short');
    await chmod(file(3), 0o600);
    await writeFile(file(3), 'Subject: Test\r\nMessage-ID: <one@here.example>\r\n\r\nJello\r\n');
    await writeFile(file(7), 'x');
    expect((await verify(fixture.dataDirectory)).map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      'error queue-file-missing',
      'error queue-file-changed',
      'error queue-file-changed',
      'warning queue-file-unknown',
    ]);
  });

  it('says that a damaged queue is lost, and keeps nothing else from being restored', async () => {
    const { fixture, queue } = await filled();
    await using _ = fixture;
    await queue[Symbol.asyncDispose]();
    const copy = await mkdtemp(join(tmpdir(), 'restante-queue-damaged-'));
    try {
      await mkdir(join(copy, 'queue'));
      await writeFile(join(copy, 'queue/index.db'), 'x'.repeat(8192));
      expect(await part.afterRestore?.(fixture.engine, copy, { instant: 0, now: 1000, restores: 0 })).toMatchObject([
        {
          severity: 'error',
          message: expect.stringContaining('The queue is lost'),
          hint: expect.stringContaining('Remove'),
        },
      ]);
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  it('has nothing to say of a directory without a queue', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'restante-queue-none-'));
    try {
      expect(await verify(directory)).toEqual([]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
