import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { StructureParser } from '../message/structure-parser.ts';
import { toFileError } from './file-error.ts';
import type { ReceivedFile } from './messages/received-file.ts';
import { temporaryName } from './temporary-name.ts';
import { WrittenMessage } from './written-message.ts';

/** See `Accounts.adopt`. @param temporaryDirectory the data directory's `tmp/` */
export async function adoptMessage(path: string, temporaryDirectory: string): Promise<ReceivedFile> {
  const name = temporaryName();
  const temporary = join(temporaryDirectory, name);
  try {
    await link(path, temporary);
    const hash = createHash('sha256');
    const parser = new StructureParser();
    let size = 0;
    for await (const chunk of createReadStream(temporary) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      parser.push(chunk);
      size += chunk.length;
    }
    return new WrittenMessage(temporaryDirectory, name, size, hash.digest(), parser.finish());
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw toFileError(error, 'take', path);
  }
}
