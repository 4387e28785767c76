import { takeTurns } from '../../runtime/take-turns.ts';
import type { StoredInstance, StoredRows } from './stored-rows.ts';

/** Rows read in one step: a few milliseconds. The databases are read on this thread. */
const pageRows = 200;

/** The messages of a mailbox, in UID order, a page at a time. Between pages others get their turn on this thread. */
export async function* scanMailbox(
  rows: StoredRows,
  mailboxId: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredInstance[]> {
  const turn = takeTurns();
  for (let after = 0; ; ) {
    signal?.throwIfAborted();
    const page = await rows.instances(mailboxId, after, pageRows);
    if (page.length > 0) yield page;
    if (page.length < pageRows) return;
    after = page.at(-1)!.uid;
    await turn();
  }
}
