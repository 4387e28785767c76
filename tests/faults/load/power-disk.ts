import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An ext4 file system that can lose its power: whatever was not flushed is gone. */
export interface PowerDisk extends AsyncDisposable {
  readonly path: string;
  /** Files and directories that the test has made itself. */
  flush(...files: string[]): Promise<void>;
  /** From here on nothing reaches the disk, and flushing fails. */
  cut(): Promise<void>;
  /** Mounts it again as it was at the cut. Nobody may use it. */
  restore(): Promise<void>;
}

/** Why there can be none here, or undefined. */
export function noPowerDiskReason(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has ext4';
  if (process.getuid?.() !== 0) return 'only root may mount a disk';
  for (const program of ['mkfs.ext4', 'perl', 'mount']) {
    try {
      execFileSync('/bin/sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed`;
    }
  }
  return undefined;
}

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: neither journal nor pages are written any more. */
const shutdown =
  'my $flags = pack("L", 2); open(my $file, "<", $ARGV[0]) or die $!; ioctl($file, 0x8004587d, $flags) or die $!';

export async function mountPowerDisk(sizeBytes: number): Promise<PowerDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-power-'));
  const image = join(directory, 'image');
  const path = await mkdtemp(join(directory, 'disk-'));
  await writeFile(image, '');
  await truncate(image, sizeBytes);
  await run('mkfs.ext4', ['-q', image]);
  const mount = async (): Promise<void> => {
    await run('mount', ['-o', 'loop', image, path]);
  };
  await mount();
  await writeFile(join(path, 'switch'), '');
  return {
    path,
    async flush(...files) {
      await run('sync', files);
    },
    async cut() {
      await run('perl', ['-e', shutdown, join(path, 'switch')]);
    },
    async restore() {
      await run('umount', [path]);
      await mount();
    },
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', path]);
      await rm(directory, { recursive: true });
    },
  };
}
