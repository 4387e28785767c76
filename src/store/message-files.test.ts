import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DirectorySyncer } from '../runtime/durable-file.ts';
import { MessageFiles } from './message-files.ts';
import { FileIntake } from './message-intake.ts';

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
