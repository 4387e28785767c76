import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BackupLoad, checkBackup } from '../faults/load/backup-load.ts';

describe('a backup of a server at work', () => {
  it('is of one instant, verifies, and serves the same mail elsewhere', { timeout: 90_000 }, async () => {
    await using load = await BackupLoad.start();
    await load.until(20);
    const before = load.acknowledged();
    const backup = join(load.server.directory, 'backup');
    const taken = await load.server.command('backup', backup, '--json');
    expect(taken).toMatchObject({ code: 0 });
    expect(JSON.parse(taken.stdout)).toMatchObject({ complete: true, path: backup, errors: [], warnings: [] });
    await load.until(before.pairs.size);
    await load.stop();
    await checkBackup(backup, before);
    await rm(`${backup}-restored`, { recursive: true });
  });
});
