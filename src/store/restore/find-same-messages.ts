import { takeTurns } from '../../runtime/take-turns.ts';
import type { MessageInstances } from './message-instances.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import type { SourceMailbox } from './restore-plan.ts';
import type { MessageMark, StoredRows } from './stored-rows.ts';

/** Messages asked about at a time. */
const groupSize = 250;

/**
 * Finds in the account, for messages of the backup that it seems to lack, those with the same Message-ID, date and subject: they came
 * back by other means, with other line ends or another header.
 * @yields numbers in `missing` with the places of such messages
 */
export async function* findSameMessages(
  { source, account, signal }: Pick<RestoreAccountOptions, 'source' | 'account' | 'signal'>,
  missing: MessageInstances,
  sources: readonly SourceMailbox[],
): AsyncGenerator<{ at: number; places: { mailboxId: number; uid: number }[] }> {
  const turn = takeTurns();
  for (const group of groupsOf(missing)) {
    signal.throwIfAborted();
    const { mailbox } = sources[missing.mailboxOf(group[0]!)]!;
    const marks = await source.stored.marks(
      mailbox.id,
      group.map((at) => missing.uidOf(at)),
    );
    await turn();
    if (marks.size === 0) continue;
    const hashes = [...new Set([...marks.values()].map(({ messageIdHash }) => messageIdHash))];
    const places = await account.read(({ stored }) => placesByMark(stored, hashes));
    for (const at of group) {
      const mark = marks.get(missing.uidOf(at));
      const found = mark === undefined ? undefined : places.get(textOf(mark));
      if (found !== undefined) yield { at, places: found };
    }
  }
}

async function placesByMark(
  rows: StoredRows,
  hashes: readonly number[],
): Promise<Map<string, { mailboxId: number; uid: number }[]>> {
  const places = new Map<string, { mailboxId: number; uid: number }[]>();
  const known = new Set<string>();
  const turn = takeTurns();
  for (const threads of [undefined, ...(await rows.threadsOf(hashes))]) {
    for (const found of await rows.marked(hashes, threads)) {
      const { mailboxId, uid } = found;
      if (known.has(`${mailboxId} ${uid}`)) continue;
      known.add(`${mailboxId} ${uid}`);
      const key = textOf(found);
      const list = places.get(key);
      if (list === undefined) places.set(key, [{ mailboxId, uid }]);
      else list.push({ mailboxId, uid });
    }
    await turn();
  }
  return places;
}

function textOf({ messageId, sentAt, subject }: MessageMark): string {
  return JSON.stringify([messageId, sentAt, subject]);
}

/** Those that are not taken, of one mailbox each time. */
function* groupsOf(missing: MessageInstances): Generator<number[]> {
  let group: number[] = [];
  for (let at = 0; at < missing.size; at++) {
    if (missing.isTaken(at)) continue;
    const isFull = group.length === groupSize;
    if (isFull || (group.length > 0 && missing.mailboxOf(group[0]!) !== missing.mailboxOf(at))) {
      yield group;
      group = [];
    }
    group.push(at);
  }
  if (group.length > 0) yield group;
}
