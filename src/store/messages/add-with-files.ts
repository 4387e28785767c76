import type { MessageFiles } from '../message-files.ts';
import type { UnwrittenFile } from '../operations/add-messages.ts';
import type { SharedAccount } from '../shared-account.ts';
import { reviveStoreError } from '../store-errors.ts';
import type { ReceivedFile } from './received-file.ts';

/** What an operation came to. */
interface Written<Result> {
  readonly result: Result;
  /** Ids that got no row after all. */
  readonly unused: readonly number[];
}

/** So many after several at once are not taken for alone: who has waited for the same commit brings the next at the same time, too. */
const companyLasts = 16;

/** Calls of `addWithFiles`, for whatever account. */
let underWay = 0;
let companyExpected = 0;

/**
 * Gives files their names in the account for an operation that writes their rows.
 * @param writeAlone the same for one small message, whose file the write worker writes itself, which spares three trips to other threads.
 *   It is taken while no others are added: their flushes are shared, and they shall not wait for the worker
 */
export async function addWithFiles<Result>(
  shared: SharedAccount,
  messages: readonly { readonly file: ReceivedFile }[],
  write: (contentIds: readonly number[]) => Promise<Written<Result>>,
  writeAlone?: (contentId: number, file: UnwrittenFile) => Promise<Written<Result>>,
): Promise<Result> {
  const { contentIds, files } = shared;
  if (underWay > 0) companyExpected = companyLasts;
  else if (companyExpected > 0) companyExpected--;
  const alone = companyExpected === 0 && messages.length === 1 ? writeAlone : undefined;
  underWay++;
  try {
    const ids = await contentIds.take(messages.length);
    let outcome: 'certain' | 'uncertain' = 'uncertain';
    try {
      const writing = alone && (await startAlone(files, ids[0]!, messages[0]!.file, alone));
      if (writing === undefined) {
        await files.link(messages.map(({ file }, index) => ({ file, contentId: ids[index]! })));
      }
      let written: Written<Result>;
      try {
        written = await (writing?.written ?? write(ids));
      } catch (error) {
        // After any other error the rows may exist: a worker that died may have committed.
        if (reviveStoreError(error) !== undefined) {
          await files.remove(ids);
          outcome = 'certain';
        }
        throw error;
      }
      await files.remove(written.unused);
      outcome = 'certain';
      return written.result;
    } finally {
      contentIds.settle(ids, outcome);
    }
  } finally {
    underWay--;
  }
}

/** @returns undefined when the file is one to be linked */
async function startAlone<Result>(
  files: MessageFiles,
  contentId: number,
  file: ReceivedFile,
  write: (contentId: number, file: UnwrittenFile) => Promise<Result>,
): Promise<{ readonly written: Promise<Result> } | undefined> {
  const path = await files.prepare(contentId);
  const written = file.writtenBy(path, (bytes) => write(contentId, { path, bytes }));
  return written && { written };
}
