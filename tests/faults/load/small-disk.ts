import { execFile } from 'node:child_process';
import { mkdtemp, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system of its own, in memory, that can be filled up. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Takes all room but this much with a file in the way. */
  fill(leaveBytes: number): Promise<void>;
  free(): Promise<void>;
}

/** Why no disk can be made here, or undefined. */
export function noDiskReason(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has tmpfs';
  return process.getuid?.() === 0 ? undefined : 'only root may mount a disk to fill up';
}

export async function mountSmallDisk(sizeBytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'restante-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]);
  const ballast = join(path, 'ballast');
  return {
    path,
    async fill(leaveBytes) {
      await rm(ballast, { force: true });
      const { bavail, bsize } = await statfs(path);
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
    },
    free: () => rm(ballast, { force: true }),
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', path]);
      await rmdir(path);
    },
  };
}
