import type { ThreadColumns } from './thread-columns.ts';

/**
 * Threads by subject: the oldest message, and below it all others.
 * @param rows of the messages
 * @param byDate places in `rows`, by sent date
 * @returns parents, as `threadByReferences` does
 * Source: RFC 5256 §3 (ORDEREDSUBJECT)
 */
export function threadBySubject(columns: ThreadColumns, rows: Int32Array, byDate: Uint32Array): Int32Array {
  const parents = new Int32Array(rows.length);
  /** By subject; the last place is that of the empty one. */
  const first = new Int32Array(columns.subjects.count + 1).fill(-1);
  for (const message of byDate) {
    const subject = columns.subject(rows[message]!);
    const at = subject === -1 ? first.length - 1 : subject;
    parents[message] = first[at]!;
    if (first[at] === -1) first[at] = message;
  }
  return parents;
}
