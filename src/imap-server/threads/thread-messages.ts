import type { ThreadAlgorithm } from '../../imap/thread-algorithm.ts';
import { Pace } from '../pace.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import { sortPaced } from '../sort-paced.ts';
import { formatThreads } from './format-threads.ts';
import type { ThreadsBuilder } from './message-threads.ts';
import { ReferenceThreads } from './reference-threads.ts';
import { SubjectThreads } from './subject-threads.ts';
import { threadFacts } from './thread-facts.ts';

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
  for await (const found of threadFacts(mailbox, uids, pace)) {
    for (const [uid, facts] of found) {
      builder.add(facts);
      dates.push(facts.date);
      numbers.push(numberOf(uid));
      if (pace.over) await pace.turn();
    }
  }
  const places = Uint32Array.from(dates.keys());
  const byDate = await sortPaced(places, (one, other) => dates[one]! - dates[other]! || one - other, pace);
  const { parents } = await builder.finish(byDate, pace);
  return await formatThreads(parents, byDate, Uint32Array.from(numbers), pace);
}
