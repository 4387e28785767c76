import { hash } from 'node:crypto';
import { baseSubject } from '../../message/base-subject.ts';
import { parseMessageIds } from '../../message/parse-message-ids.ts';
import { threadReferences } from '../../message/thread-references.ts';
import { unicodeCasemap } from '../../message/unicode-casemap.ts';
import { limits } from '../../runtime/limits.ts';
import type { ThreadFieldsRow } from '../../store/messages/message-rows.ts';
import { mailboxKey } from '../mailbox-key.ts';
import type { Pace } from '../pace.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { MessageFacts } from './message-threads.ts';

/** With the sent date, RFC 5256 §2.2. */
export interface ThreadFacts extends MessageFacts {
  readonly date: number;
}

/** Messages read from the database at a time. */
const batchSize = 500;

/** Facts of messages by mailbox, by UID: they never change. The mailbox used last is the last. */
const remembered = new Map<string, Map<number, ThreadFacts>>();
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
): AsyncGenerator<readonly (readonly [uid: number, facts: ThreadFacts])[]> {
  const key = mailboxKey(mailbox);
  const known = remembered.get(key) ?? new Map<number, ThreadFacts>();
  remembered.delete(key);
  remembered.set(key, known);
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = uids.subarray(at, at + batchSize);
    const unknown = batch.filter((uid) => !known.has(uid));
    const read = new Map<number, ThreadFacts>();
    if (unknown.length > 0) {
      for (const row of await mailbox.account.read((reader) => reader.messages.threadFields(mailbox.id, unknown))) {
        read.set(row.uid, factsOf(row));
        if (pace.over) await pace.turn();
      }
    }
    const found: [number, ThreadFacts][] = [];
    for (const uid of batch) {
      const facts = known.get(uid) ?? read.get(uid);
      if (facts !== undefined) found.push([uid, facts]);
    }
    remember(key, known, read);
    yield found;
  }
}

function remember(key: string, known: Map<number, ThreadFacts>, read: ReadonlyMap<number, ThreadFacts>): void {
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

function factsOf({ messageId, references, inReplyTo, subject, sentAt, receivedAt }: ThreadFieldsRow): ThreadFacts {
  const ids = threadReferences({ references, envelope: { messageId, inReplyTo } });
  const { base, isReplyOrForward } = baseSubject(subject);
  return {
    messageId: idOf(parseMessageIds(messageId ?? '')[0]),
    references: ids.map((id) => idOf(id)!),
    subject: unicodeCasemap(Buffer.from(base.slice(0, limits.imapSortCharacters)).toString()),
    isReply: isReplyOrForward,
    date: sentAt ?? receivedAt,
  };
}

/** 53 bits of a digest: less memory than the text, which may be as long as a header. */
function idOf(id: string | undefined): number | undefined {
  return id === undefined ? undefined : hash('sha256', id, 'buffer').readUIntBE(0, 6) * 32;
}
