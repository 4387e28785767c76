import type { DurablePart } from '../database/durable-part.ts';
import type { BackupRemarks } from './backup-remarks.ts';
import type { BackupWriter } from './backup-writer.ts';
import { ownership, walkFiles } from './walk-files.ts';

/** Takes what lies in the data directory and belongs to no part: as it is now, with a warning each. */
export async function takeUnrecognised(
  writer: BackupWriter,
  options: { parts: readonly DurablePart[]; dataDirectory: string; remarks: BackupRemarks; signal: AbortSignal },
): Promise<void> {
  const { dataDirectory, remarks, signal } = options;
  const isOwned = ownership(options.parts);
  for await (const { path, kind } of walkFiles(dataDirectory, (directory) => directory !== 'tmp')) {
    signal.throwIfAborted();
    // The control socket and the like are somebody's; a link in place of a file of ours was named when that was taken.
    if (isOwned(path)) continue;
    if (kind === 'other') {
      remarks.warn('not backed up: it is a link, socket, pipe or device', path);
      continue;
    }
    remarks.warn('a file that Restante does not know is copied as it is; it should be moved away', path);
    await writer.takePlain(path);
  }
}
