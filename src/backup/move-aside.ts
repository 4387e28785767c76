import { link, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectoryDurably, syncDirectory } from '../runtime/durable-file.ts';

/**
 * Moves a file that nothing refers to below `moved/`, at the same path. What stands there already stays: the file gets a number.
 * @returns where it is now, relative to the directory
 */
export async function moveAside(directory: string, path: string): Promise<string> {
  for (let number = 0; ; number++) {
    const target = `moved/${path}${number === 0 ? '' : `.${number}`}`;
    const whole = join(directory, target);
    await makeDirectoryDurably(dirname(whole));
    try {
      // A rename would replace what stands there; a link is refused, and holds the file until its old name is gone.
      await link(join(directory, path), whole);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      if (code !== 'EPERM') throw error;
      // A directory has no links, nor has any file on some file systems.
      await rename(join(directory, path), whole);
      await syncBoth(directory, path, whole);
      return target;
    }
    await syncDirectory(dirname(whole));
    await unlink(join(directory, path));
    await syncBoth(directory, path, whole);
    return target;
  }
}

async function syncBoth(directory: string, path: string, whole: string): Promise<void> {
  await syncDirectory(dirname(whole));
  await syncDirectory(dirname(join(directory, path)));
}
