import { limits } from '../../runtime/limits.ts';
import type { Pace } from '../pace.ts';
import { Forest } from './forest.ts';
import type { ThreadColumns } from './thread-columns.ts';

const none = -1;
const stepsBetweenLooks = 4096;

/**
 * Threads by what messages answer.
 * @param rows of the messages in the order of their sequence numbers
 * @param byDate places in `rows`, by sent date
 * @returns the parent of each message by its place in `rows`: -1 at the top; a number that no message has for those that are held
 *   together by a message that isn't there
 * Source: RFC 5256 §3 (REFERENCES), whose steps the comments number
 */
export async function threadByReferences(
  columns: ThreadColumns,
  rows: Int32Array,
  byDate: Uint32Array,
  pace: Pace,
): Promise<Int32Array> {
  const parents = await findParents(await linkReferences(columns, rows, pace), pace);
  await joinSubjects(parents, columns, rows, byDate, pace);
  return parents;
}

/**
 * Messages and what they refer to. A node below the count of identifiers is what has that one; other nodes are messages that nobody can
 * refer to.
 */
interface Linked {
  readonly forest: Forest;
  readonly nodeOf: Int32Array;
  /** The message of each node: identifiers that messages only refer to have none. */
  readonly messageOf: Int32Array;
}

/** Step 1 */
async function linkReferences(columns: ThreadColumns, rows: Int32Array, pace: Pace): Promise<Linked> {
  const ids = columns.ids.count;
  const forest = new Forest(ids + rows.length);
  const nodeOf = new Int32Array(rows.length);
  const messageOf = new Int32Array(forest.size).fill(none);
  /** Identifiers that were met. */
  const met = new Uint8Array(ids);
  let missing = 0;
  for (let message = 0; message < rows.length; message++) {
    const row = rows[message]!;
    let above = none;
    const end = columns.firstReference(row + 1);
    for (let at = columns.firstReference(row); at < end; at++) {
      const node = columns.reference(at);
      if (met[node] === 0) {
        if (missing === limits.imapThreadMissing) continue;
        missing++;
        met[node] = 1;
      }
      // A. What is linked already stays so.
      if (above !== none && forest.parent(node) === none) forest.link(node, above);
      above = node;
    }
    const id = columns.messageId(row);
    // The first message that has an identifier gets its node; others, and those without one, get a node that nobody refers to.
    const node = id === none || messageOf[id] !== none ? ids + message : id;
    if (id !== none) met[id] = 1;
    messageOf[node] = message;
    nodeOf[message] = node;
    // B. What the message itself says of its parent is true.
    forest.cut(node);
    if (above !== none && above !== node) forest.link(node, above);
    if (message % stepsBetweenLooks === 0 && pace.over) await pace.turn();
  }
  return { forest, nodeOf, messageOf };
}

/**
 * Steps 2 and 3: nodes without message go. Their children get the next message above as parent, or, with siblings and no message above,
 * a number that none of the messages has.
 */
async function findParents({ forest, nodeOf, messageOf }: Linked, pace: Pace): Promise<Int32Array> {
  const count = nodeOf.length;
  /** Of each node: the next message above, by its number; or, less than -1, the root without message. */
  const above = new Int32Array(forest.size);
  const known = new Uint8Array(forest.size);
  const path: number[] = [];
  for (let message = 0; message < count; message++) {
    let node = nodeOf[message]!;
    for (; known[node] === 0 && forest.parent(node) !== none; node = forest.parent(node)) path.push(node);
    known[node] = 1;
    if (forest.parent(node) === none) above[node] = none;
    for (let below = path.pop(); below !== undefined; below = path.pop()) {
      const up = forest.parent(below);
      above[below] = messageOf[up] !== none ? messageOf[up]! : above[up] === none ? -2 - up : above[up]!;
      known[below] = 1;
    }
    if (message % stepsBetweenLooks === 0 && pace.over) await pace.turn();
  }
  /** Of each root without message: messages next below it, and the number that it gets. */
  const children = new Int32Array(forest.size);
  const numbers = new Int32Array(forest.size).fill(none);
  const parents = new Int32Array(count);
  for (let message = 0; message < count; message++) {
    const up = above[nodeOf[message]!]!;
    parents[message] = up;
    if (up < none) children[-2 - up]!++;
  }
  let next = count;
  for (let message = 0; message < count; message++) {
    const up = parents[message]!;
    if (up >= none) continue;
    const root = -2 - up;
    if (children[root] === 1) parents[message] = none;
    else {
      if (numbers[root] === none) numbers[root] = next++;
      parents[message] = numbers[root]!;
    }
  }
  return parents;
}

/** Steps 4 and 5: threads with the same subject become one. @param parents is changed */
async function joinSubjects(
  parents: Int32Array,
  columns: ThreadColumns,
  rows: Int32Array,
  byDate: Uint32Array,
  pace: Pace,
): Promise<void> {
  const count = parents.length;
  const isReply = (message: number): boolean => columns.isReply(rows[message]!);
  let next = count;
  for (const up of parents) if (up >= next) next = up + 1;
  /** Threads in the order of their first messages; a number from `count` on has no message of its own. */
  const tops: number[] = [];
  const subjects: number[] = [];
  const seen = new Uint8Array(next - count);
  for (const message of byDate) {
    const up = parents[message]!;
    if (up !== none && (up < count || seen[up - count] === 1)) continue;
    if (up !== none) seen[up - count] = 1;
    tops.push(up === none ? message : up);
    subjects.push(columns.subject(rows[message]!));
    if (tops.length % stepsBetweenLooks === 0 && pace.over) await pace.turn();
  }
  const bySubject = new Int32Array(columns.subjects.count).fill(none);
  for (let thread = 0; thread < tops.length; thread++) {
    const subject = subjects[thread]!;
    if (subject === none) continue;
    const top = tops[thread]!;
    const known = bySubject[subject]!;
    const isBetter = known === none || (known < count && (top >= count || (isReply(known) && !isReply(top))));
    if (isBetter) bySubject[subject] = top;
  }
  /** Tops without message that have gone into another. */
  const into = new Map<number, number>();
  for (let thread = 0; thread < tops.length; thread++) {
    if (thread % stepsBetweenLooks === 0 && pace.over) await pace.turn();
    const top = tops[thread]!;
    const subject = subjects[thread]!;
    const known = subject === none ? top : bySubject[subject]!;
    if (known === top) continue;
    if (top >= count) into.set(top, known);
    else if (known >= count || (isReply(top) && !isReply(known))) parents[top] = known;
    else {
      parents[top] = next;
      parents[known] = next;
      bySubject[subject] = next++;
    }
  }
  if (into.size === 0) return;
  for (let message = 0; message < count; message++) {
    const other = into.get(parents[message]!);
    if (other !== undefined) parents[message] = other;
  }
}
