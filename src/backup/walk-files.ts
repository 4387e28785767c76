import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DurablePart } from '../database/durable-part.ts';

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
    for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
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

/** @returns whether a path, relative to the data directory, belongs to one of the parts */
export function ownership(parts: readonly DurablePart[]): (path: string) => boolean {
  // Nearly every file belongs to whom the one before it did.
  let last = parts[0];
  return (path) => {
    if (last?.owns(path)) return true;
    const owner = parts.find((part) => part.owns(path));
    last = owner ?? last;
    return owner !== undefined;
  };
}
