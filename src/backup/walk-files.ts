import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';

export interface FoundFile {
  /** Relative to where the walk began, with `/`. */
  readonly path: string;
  /** `other`: a symlink, socket, device or pipe; none is followed or opened. */
  readonly kind: 'file' | 'other';
}

/**
 * Walks a directory tree, without following links, one directory's entries at a time.
 * @param enter whether to go into a directory
 */
export async function* walkFiles(
  root: string,
  enter: (path: string) => boolean = () => true,
): AsyncGenerator<FoundFile> {
  const waiting = [''];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for await (const entry of await opendir(join(root, directory), { bufferSize: 256 })) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) {
        if (enter(path)) waiting.push(path);
      } else {
        yield { path, kind: kindOf(entry) };
      }
    }
  }
}

function kindOf(entry: Dirent): 'file' | 'other' {
  return entry.isFile() ? 'file' : 'other';
}
