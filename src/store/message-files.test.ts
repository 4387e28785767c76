import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DirectorySyncer } from '../runtime/durable-file.ts';
import { MessageFiles } from './message-files.ts';
import { FileIntake } from './message-intake.ts';
import { MessageFileError } from './store-errors.ts';

it('flushes the directories of files that it adds or removes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-files-'));
  try {
    const synced: string[] = [];
    const syncer = new (class extends DirectorySyncer {
      override async sync(path: string): Promise<void> {
        synced.push(path);
        await super.sync(path);
      }
    })();
    const files = new MessageFiles(directory, syncer);
    await using intake = new FileIntake(directory, 1000, { bytes: 0 });
    await intake.write(Buffer.from('Subject: a\r\n\r\n'));
    await using file = await intake.finish();
    await files.link([3, 5, 1024].map((contentId) => ({ file, contentId })));
    const flushed = [join(directory, 'msg', '0'), join(directory, 'msg', '1')];
    expect(synced).toEqual(expect.arrayContaining(flushed));
    synced.length = 0;
    await files.remove([3, 4, 5, 1024, 5000]);
    expect(existsSync(files.path(3))).toBe(false);
    expect(synced.sort()).toEqual(flushed);
  } finally {
    await rm(directory, { recursive: true });
  }
});

it('flushes the directory of a single file too, once it has its entry, and keeps nothing when that fails', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-files-'));
  try {
    const entries: boolean[] = [];
    let failing = false;
    const syncer = new (class extends DirectorySyncer {
      override async sync(path: string): Promise<void> {
        if (path === join(directory, 'msg', '0')) entries.push(existsSync(files.path(7)));
        if (failing && entries.at(-1) === true) throw new Error('input/output error');
        await super.sync(path);
      }
    })();
    const files = new MessageFiles(directory, syncer);
    for (const fails of [false, true]) {
      failing = fails;
      await using intake = new FileIntake(directory, 1000, { bytes: 0 });
      await intake.write(Buffer.from('Subject: a\r\n\r\n'));
      await using file = await intake.finish();
      const linked = files.link([{ file, contentId: 7 }]);
      if (fails) await expect(linked).rejects.toThrow(MessageFileError);
      else await linked;
      expect(existsSync(files.path(7))).toBe(!fails);
      expect(entries).toEqual(fails ? [true, false] : [true]);
      entries.length = 0;
      if (!fails) await files.remove([7]);
      entries.length = 0;
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

it('reads the beginning of a message, prefix and file as one, and sees that a file is too short', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-files-'));
  try {
    const files = new MessageFiles(directory, new DirectorySyncer());
    await using intake = new FileIntake(directory, 1000, { bytes: 0 });
    await intake.write(Buffer.from('Subject: a\r\n\r\n'));
    await using file = await intake.finish();
    await files.link([{ file, contentId: 1 }]);
    const content = { contentId: 1, prefix: Buffer.from('X: 1\r\n'), fileSizeBytes: 14 };
    const start = (roomBytes: number): string => {
      const target = Buffer.alloc(roomBytes);
      return target.toString('latin1', 0, files.readStart(content, target));
    };
    const whole = 'X: 1\r\nSubject: a\r\n\r\n';
    for (const room of [0, 3, 6, 9, 19, 20, 21, 100]) expect(start(room)).toBe(whole.slice(0, room));
    await chmod(files.path(1), 0o600);
    await truncate(files.path(1), 10);
    for (const room of [3, 20, 100]) expect(() => start(room)).toThrow(MessageFileError);
  } finally {
    await rm(directory, { recursive: true });
  }
});
