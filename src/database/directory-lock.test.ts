import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirectoryLockedError, lockDataDirectory } from './directory-lock.ts';

describe('the lock of a data directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'restante-lock-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is had once, and again when it has been released', () => {
    const data = join(directory, 'data');
    {
      using _lock = lockDataDirectory(data);
      expect(() => lockDataDirectory(data)).toThrow(DataDirectoryLockedError);
      expect(() => lockDataDirectory(data)).toThrow(/Cannot use data directory ".*": another process/);
      expect(statSync(join(data, 'lock')).size).toBe(0);
      expect(statSync(data).mode & 0o777).toBe(0o700);
    }
    using again = lockDataDirectory(data);
    expect(again).toBeDefined();
  });

  it('is held by another process until that dies, however it dies', async () => {
    const program = fileURLToPath(new URL('./contract-fixture/hold-lock.ts', import.meta.url));
    const holder = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
    await once(holder.stdout, 'data');
    expect(() => lockDataDirectory(directory)).toThrow(DataDirectoryLockedError);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    using lock = lockDataDirectory(directory);
    expect(lock).toBeDefined();
  });
});
