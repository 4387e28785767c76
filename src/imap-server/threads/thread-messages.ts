import { hash } from 'node:crypto';
import type { ThreadAlgorithm } from '../../imap/thread-algorithm.ts';
import { baseSubject } from '../../message/base-subject.ts';
import { parseMessageIds } from '../../message/parse-message-ids.ts';
import { threadReferences } from '../../message/thread-references.ts';
import { unicodeCasemap } from '../../message/unicode-casemap.ts';
import { limits } from '../../runtime/limits.ts';
import { Pace } from '../pace.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import { sortPaced } from '../sort-messages.ts';
import { formatThreads } from './format-threads.ts';
import type { ThreadsBuilder } from './message-threads.ts';
import { ReferenceThreads } from './reference-threads.ts';
import { SubjectThreads } from './subject-threads.ts';

/** Messages read from the database at a time. */
const batchSize = 500;

/**
 * Puts messages into threads.
 * @param uids ascending
 * @param numberOf what a message is called in the response
 * @returns the threads, as the response has them
 * Source: RFC 5256 §3
 */
export async function threadMessages(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  algorithm: ThreadAlgorithm,
  numberOf: (uid: number) => number,
): Promise<string> {
  const pace = new Pace();
  const builder: ThreadsBuilder = algorithm === 'REFERENCES' ? new ReferenceThreads() : new SubjectThreads();
  const dates: number[] = [];
  const numbers: number[] = [];
  for (let at = 0; at < uids.length; at += batchSize) {
    const rows = await mailbox.account.read((reader) =>
      reader.threadFields(mailbox.id, uids.subarray(at, at + batchSize)),
    );
    for (const row of rows) {
      const { messageId, references, inReplyTo, subject } = row;
      const ids = threadReferences({ references, envelope: { messageId, inReplyTo } });
      const { base, isReplyOrForward } = baseSubject(subject);
      builder.add({
        messageId: idOf(parseMessageIds(messageId ?? '')[0]),
        references: ids.map((id) => idOf(id)!),
        subject: unicodeCasemap(Buffer.from(base.slice(0, limits.imapSortCharacters)).toString()),
        isReply: isReplyOrForward,
      });
      // RFC 5256 §2.2
      dates.push(row.sentAt ?? row.receivedAt);
      numbers.push(numberOf(row.uid));
      if (pace.over) await pace.turn();
    }
  }
  const places = Uint32Array.from(dates.keys());
  const byDate = await sortPaced(places, (one, other) => dates[one]! - dates[other]! || one - other, pace);
  const { parents } = await builder.finish(byDate, pace);
  return await formatThreads(parents, byDate, Uint32Array.from(numbers), pace);
}

/** 53 bits of a digest: less memory than the text, which may be as long as a header. */
function idOf(id: string | undefined): number | undefined {
  return id === undefined ? undefined : hash('sha256', id, 'buffer').readUIntBE(0, 6) * 32;
}
