import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExpectedFile, FileProblem, VerifyOptions } from './durable-part.ts';
import { fileProblem } from './file-problem.ts';

/** Compares files with their rows one after the other, on this thread: for directories with few of them. */
export function checkFilesHere(directory: string): VerifyOptions['checkFiles'] {
  return async (files) => {
    const problems: FileProblem[] = [];
    for (const [at, file] of files.entries()) {
      const problem = await problemOf(join(directory, file.path), file);
      if (problem !== undefined) problems.push({ at, ...problem });
    }
    return problems;
  };
}

async function problemOf(path: string, file: ExpectedFile): Promise<Omit<FileProblem, 'at'> | undefined> {
  try {
    const found = await lstat(path);
    if (!found.isFile()) return fileProblem.notAFile();
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
    return fileProblem.compare(file, { sizeBytes: found.size, sha256: hash.digest('hex') });
  } catch (error) {
    return fileProblem.fromError(error as NodeJS.ErrnoException);
  }
}
