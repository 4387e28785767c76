import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../runtime/durable-file.ts';

/** Flushes every file and directory by itself, where the system can't flush a whole file system. */
export async function flushTree(root: string): Promise<void> {
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) waiting.push(join(path, entry.name));
      if (!entry.isFile()) continue;
      await using file = await open(join(path, entry.name), 'r');
      await file.sync();
    }
    await syncDirectory(path);
  }
}
