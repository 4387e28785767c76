import type { ThreadAlgorithm } from '../../imap/thread-algorithm.ts';
import { Pace } from '../pace.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { SortRanks } from '../sort-ranks.ts';
import { formatThreads } from './format-threads.ts';
import { threadByReferences } from './reference-threads.ts';
import { threadBySubject } from './subject-threads.ts';
import { threadFacts } from './thread-facts.ts';

/**
 * Puts messages into threads.
 * @param uids ascending
 * @param numbersOf what messages are called in the response, by their UIDs
 * @returns the threads, as the response has them
 * Source: RFC 5256 §3
 */
export async function threadMessages(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  algorithm: ThreadAlgorithm,
  numbersOf: (uids: Uint32Array) => Uint32Array,
): Promise<Buffer> {
  const pace = new Pace();
  const { columns, dates } = await threadFacts(mailbox, uids, pace);
  const places = dates.placesOf(uids);
  const areThere = !places.includes(-1);
  const rows = areThere ? places : places.filter((row) => row !== -1);
  const byDate = orderOf(rows, dates);
  const parents =
    algorithm === 'REFERENCES'
      ? await threadByReferences(columns, rows, byDate, pace)
      : threadBySubject(columns, rows, byDate);
  const numbers = numbersOf(areThere ? uids : uids.filter((_, at) => places[at] !== -1));
  return await formatThreads(parents, byDate, numbers, pace);
}

/** @param rows ascending places. @returns places in `rows` */
function orderOf(rows: Int32Array, { order }: SortRanks): Uint32Array {
  if (rows.length === order.length) return order;
  const placeOf = new Int32Array(order.length).fill(-1);
  for (let place = 0; place < rows.length; place++) placeOf[rows[place]!] = place;
  const sorted = new Uint32Array(rows.length);
  let count = 0;
  for (const row of order) {
    const place = placeOf[row]!;
    if (place !== -1) sorted[count++] = place;
  }
  return sorted;
}
