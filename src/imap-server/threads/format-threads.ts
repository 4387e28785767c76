import { putNumber } from '../flag-responses.ts';
import type { Pace } from '../pace.ts';

const none = -1;
const stepsBetweenLooks = 4096;
/** Ten digits, a space and parentheses. */
const mostBytesEach = 13;

/** What is to be written of a node: without parentheses, in them, or it and all its next siblings in them. */
const plain = 0;
const inParentheses = 1;
const withSiblings = 2;
/** What is to be written when a parenthesis ends. */
const closing = -1;

/**
 * Writes threads: siblings, and threads by their first messages, in the order of their dates. Without recursion: a thread may be as deep as
 * the mailbox is large.
 * @param parents of each message, as `threadByReferences` gives them
 * @param byDate all messages by sent date
 * @param numbers what each message is called
 * Source: RFC 5256 §4 (thread-list), §3 (REFERENCES, step 6)
 */
export async function formatThreads(
  parents: Int32Array,
  byDate: Uint32Array,
  numbers: Uint32Array,
  pace: Pace,
): Promise<Buffer> {
  const count = parents.length;
  let size = count;
  for (const parent of parents) if (parent >= size) size = parent + 1;
  const firstChild = new Int32Array(size).fill(none);
  const next = new Int32Array(count).fill(none);
  for (let at = byDate.length - 1; at >= 0; at--) {
    const message = byDate[at]!;
    const parent = parents[message]!;
    if (parent === none) continue;
    next[message] = firstChild[parent]!;
    firstChild[parent] = message;
  }
  /** What is to be written, the next one last: `closing`, or four times a node and how. */
  const todo: number[] = [];
  const text = Buffer.allocUnsafe(size * mostBytesEach);
  let end = 0;
  let steps = 0;
  for (const message of byDate) {
    const parent = parents[message]!;
    if (parent === none) todo.push(message * 4 + inParentheses);
    // What holds messages together that answer one that isn't there comes at the place of the first.
    else if (parent >= count && firstChild[parent] === message) todo.push(parent * 4 + inParentheses);
    for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
      if (one === closing) {
        text[end++] = 0x29;
        continue;
      }
      const node = one >>> 2;
      const how = one & 3;
      if (how === withSiblings && next[node] !== none) todo.push(next[node]! * 4 + withSiblings);
      if (how !== plain) {
        text[end++] = 0x28;
        todo.push(closing);
      }
      if (node < count) end = putNumber(numbers[node]!, text, end);
      const child = firstChild[node]!;
      if (child === none) continue;
      if (node < count) text[end++] = 0x20;
      const only = node < count ? plain : inParentheses;
      todo.push(child * 4 + (next[child] === none ? only : withSiblings));
      if (++steps % stepsBetweenLooks === 0 && pace.over) await pace.turn();
    }
  }
  return text.subarray(0, end);
}
