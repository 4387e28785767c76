import { findThreadFacts, type ThreadFacts } from '../../message/thread-facts.ts';
import type { Remembered } from '../mailbox-memory.ts';
import type { Pace } from '../pace.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';

/** With the sent date, RFC 5256 §2.2. */
interface DatedFacts extends ThreadFacts {
  readonly date: number;
}

/** Messages read from the database at a time. */
const batchSize = 500;

/** What the facts of one message take, with the texts and numbers in them. */
const bytesEach = 400;

/** Facts of a mailbox's messages by UID: they never change. */
class KnownFacts implements Remembered {
  readonly byUid: Map<number, DatedFacts>;

  constructor(byUid = new Map<number, DatedFacts>()) {
    this.byUid = byUid;
  }

  get sizeBytes(): number {
    return this.byUid.size * bytesEach;
  }
}

/**
 * What THREAD goes by, of those of some messages that exist still. Clients ask again and again, with each new message: what was read before
 * is remembered.
 * @param uids ascending
 */
export async function* threadFacts(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  pace: Pace,
): AsyncGenerator<readonly (readonly [uid: number, facts: DatedFacts])[]> {
  const { memory } = mailbox;
  const { identity } = mailbox.account;
  const facts = memory.recall(mailbox, KnownFacts) ?? new KnownFacts();
  const known = facts.byUid;
  let grown = false;
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = uids.subarray(at, at + batchSize);
    const unknown = batch.filter((uid) => !known.has(uid));
    const read = new Map<number, DatedFacts>();
    if (unknown.length > 0) {
      await readIndexed(mailbox, unknown, read);
      const others = unknown.filter((uid) => !read.has(uid));
      for (const row of await mailbox.account.read((reader) => reader.messages.threadFields(mailbox.id, others))) {
        read.set(row.uid, { ...findThreadFacts(row), date: row.sentAt ?? row.receivedAt });
        if (pace.over) await pace.turn();
      }
    }
    const found: [number, DatedFacts][] = [];
    for (const uid of batch) {
      const of = known.get(uid) ?? read.get(uid);
      if (of !== undefined) found.push([uid, of]);
    }
    for (const [uid, of] of read) {
      if (facts.sizeBytes + bytesEach > memory.largestBytes) break;
      known.set(uid, of);
      grown = true;
    }
    yield found;
  }
  // What was read before a repair may be wrong after it.
  if (!grown || mailbox.account.identity !== identity) return;
  const isFullOfGone = known.size > 2 * mailbox.uids.count;
  const kept = isFullOfGone ? new Map([...known].filter(([uid]) => mailbox.uids.indexOf(uid) !== -1)) : known;
  memory.remember(mailbox, KnownFacts, new KnownFacts(kept));
}

/** Takes from the index of texts what it has. */
async function readIndexed(mailbox: SelectedMailbox, uids: Uint32Array, read: Map<number, DatedFacts>): Promise<void> {
  const { account, id } = mailbox;
  if (account.textIndex === undefined) return;
  const options = { columns: ['contentId', 'receivedAt'] } as const;
  const rows = await account.read((reader) => reader.messages.rows(id, uids, undefined, undefined, options));
  const indexed = account.textIndex.threads(rows.map(({ contentId }) => contentId));
  for (const { uid, contentId, receivedAt } of rows) {
    const facts = indexed.get(contentId);
    if (facts !== undefined) read.set(uid, { ...facts, date: facts.sentAt ?? receivedAt });
  }
}
