import { findThreadFacts, type ThreadFacts } from '../../message/thread-facts.ts';
import { limits } from '../../runtime/limits.ts';
import { mailboxKey } from '../mailbox-key.ts';
import type { Pace } from '../pace.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';

/** With the sent date, RFC 5256 §2.2. */
interface DatedFacts extends ThreadFacts {
  readonly date: number;
}

/** Messages read from the database at a time. */
const batchSize = 500;

/** Facts of messages by mailbox, by UID: they never change. The mailbox used last is the last. */
const remembered = new Map<string, Map<number, DatedFacts>>();
let rememberedMessages = 0;

/**
 * What THREAD goes by, of those of some messages that exist still. Clients ask again and again, with each new message: what was read before
 * is remembered, of at most `limits.imapThreadFacts` messages in all.
 * @param uids ascending
 */
export async function* threadFacts(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  pace: Pace,
): AsyncGenerator<readonly (readonly [uid: number, facts: DatedFacts])[]> {
  const key = mailboxKey(mailbox);
  const known = remembered.get(key) ?? new Map<number, DatedFacts>();
  remembered.delete(key);
  remembered.set(key, known);
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = uids.subarray(at, at + batchSize);
    const unknown = batch.filter((uid) => !known.has(uid));
    const read = new Map<number, DatedFacts>();
    if (unknown.length > 0) {
      await readIndexed(mailbox, unknown, read);
      const others = unknown.filter((uid) => !read.has(uid));
      for (const row of await mailbox.account.read((reader) => reader.threadFields(mailbox.id, others))) {
        read.set(row.uid, { ...findThreadFacts(row), date: row.sentAt ?? row.receivedAt });
        if (pace.over) await pace.turn();
      }
    }
    const found: [number, DatedFacts][] = [];
    for (const uid of batch) {
      const facts = known.get(uid) ?? read.get(uid);
      if (facts !== undefined) found.push([uid, facts]);
    }
    remember(key, known, read);
    yield found;
  }
}

/** Takes from the index of texts what it has. */
async function readIndexed(mailbox: SelectedMailbox, uids: Uint32Array, read: Map<number, DatedFacts>): Promise<void> {
  const { account, id } = mailbox;
  const options = { columns: ['contentId', 'receivedAt'] } as const;
  const rows = await account.read((reader) => reader.messages(id, uids, undefined, undefined, options));
  const indexed = account.indexedThreads(rows.map(({ contentId }) => contentId));
  for (const { uid, contentId, receivedAt } of rows) {
    const facts = indexed.get(contentId);
    if (facts !== undefined) read.set(uid, { ...facts, date: facts.sentAt ?? receivedAt });
  }
}

function remember(key: string, known: Map<number, DatedFacts>, read: ReadonlyMap<number, DatedFacts>): void {
  // Somebody else's mailbox may have pushed it out meanwhile.
  if (remembered.get(key) !== known) return;
  for (const [uid, facts] of read) {
    if (known.size >= limits.imapThreadFacts) break;
    if (!known.has(uid)) rememberedMessages++;
    known.set(uid, facts);
  }
  for (const [oldest, facts] of remembered) {
    if (rememberedMessages <= limits.imapThreadFacts) break;
    if (oldest === key) continue;
    remembered.delete(oldest);
    rememberedMessages -= facts.size;
  }
}
