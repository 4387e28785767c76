import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../harness/seeded-random.ts';
import { launcher, resultOf } from '../harness/start-test-server.ts';
import { BackupLoad, checkBackup } from './load/backup-load.ts';

const backups = Number(process.env.RESTANTE_BACKUPS ?? 50);

describe('backups of a server at work', () => {
  it(`are of one instant each, ${backups} times, copied and linked`, { timeout: 1_500_000 }, async () => {
    await using load = await BackupLoad.start();
    for (let number = 0; number < backups; number++) {
      load.resume();
      await wait(200 + number * 13);
      const before = load.acknowledged();
      const backup = join(load.server.directory, `backup${number}`);
      const taken = await load.server.command('backup', backup, '--json', ...(number % 2 === 0 ? [] : ['--copy']));
      expect(taken).toMatchObject({ code: 0 });
      load.pause();
      expect(resultOf(taken)).toMatchObject({ complete: true, path: backup, errors: [] });
      // Guests that have gone leave their mail, and nothing else is odd.
      const odd = (resultOf(taken).warnings as string[]).filter((text) => !/^account "guest\d+" is on disk/.test(text));
      expect(odd).toEqual([]);
      try {
        await checkBackup(backup, before);
      } catch (error) {
        throw new Error(`Backup ${number}: ${(error as Error).message}`, { cause: error });
      }
      for (const path of [backup, `${backup}-restored`]) await rm(path, { recursive: true });
    }
    await load.stop();
  });

  it('leave nothing when they are interrupted, and the server goes on', async () => {
    await using load = await BackupLoad.start();
    await load.until(150);
    const random = new SeededRandom(7);
    const { directory, configPath } = load.server;
    const run = async (path: string, interruptAfterMs: number): Promise<number | null> => {
      const child = spawn(process.execPath, [launcher, 'backup', path, '--config', configPath], { stdio: 'ignore' });
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      const timer = setTimeout(() => child.kill('SIGINT'), interruptAfterMs);
      const code = await ended;
      clearTimeout(timer);
      return code;
    };
    const started = performance.now();
    expect(await run(join(directory, 'whole'), 60_000)).toBe(0);
    const wholeMs = performance.now() - started;
    const codes: (number | null)[] = [];
    for (let number = 0; number < 20; number++) {
      const path = join(directory, `backup${number}`);
      const code = await run(path, 100 + random.next() * wholeMs);
      codes.push(code);
      // Before the program listens to Ctrl-C, it ends of it without having begun.
      expect([0, 130, null]).toContain(code);
      // The server notices that its client is gone, and takes away what it has written.
      for (const end = Date.now() + 10_000; existsSync(`${path}.incomplete`) && Date.now() < end; ) await wait(20);
      expect(existsSync(`${path}.incomplete`)).toBe(false);
      if (code !== 0 && existsSync(path)) {
        // It was complete before the interruption arrived.
        expect((await load.server.command('verifydata', path)).code).toBe(0);
      }
      if (code === 0) expect(existsSync(path)).toBe(true);
      await rm(path, { recursive: true, force: true });
    }
    expect(codes).toContain(130);
    await load.stop();
    const before = load.acknowledged();
    const last = join(directory, 'last');
    expect((await load.server.command('backup', last)).code).toBe(0);
    await checkBackup(last, before);
  });
});
