import { hash } from 'node:crypto';
import { baseSubject } from '../../message/base-subject.ts';
import { parseMessageIds } from '../../message/parse-message-ids.ts';
import { threadReferences } from '../../message/thread-references.ts';
import { unicodeCasemap } from '../../message/unicode-casemap.ts';
import { limits } from '../../runtime/limits.ts';
import type { ThreadFieldsRow } from '../../store/messages/message-rows.ts';
import type { Remembered } from '../mailbox-memory.ts';
import type { Pace } from '../pace.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { MessageFacts } from './message-threads.ts';

/** With the sent date, RFC 5256 §2.2. */
export interface ThreadFacts extends MessageFacts {
  readonly date: number;
}

/** Messages read from the database at a time. */
const batchSize = 500;

/** What the facts of one message take, with the texts and numbers in them. */
const bytesEach = 400;

/** Facts of a mailbox's messages by UID: they never change. */
class KnownFacts implements Remembered {
  readonly byUid: Map<number, ThreadFacts>;

  constructor(byUid = new Map<number, ThreadFacts>()) {
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
): AsyncGenerator<readonly (readonly [uid: number, facts: ThreadFacts])[]> {
  const { memory } = mailbox;
  const facts = memory.recall(mailbox, KnownFacts) ?? new KnownFacts();
  const known = facts.byUid;
  let grown = false;
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
  if (!grown) return;
  const isFullOfGone = known.size > 2 * mailbox.uids.count;
  const kept = isFullOfGone ? new Map([...known].filter(([uid]) => mailbox.uids.indexOf(uid) !== -1)) : known;
  memory.remember(mailbox, KnownFacts, new KnownFacts(kept));
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
