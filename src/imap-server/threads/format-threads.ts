import type { Pace } from '../pace.ts';

const none = -1;
const stepsBetweenLooks = 4096;

/**
 * Writes threads: siblings, and threads by their first messages, in the order of their dates. Without recursion: a thread may be as deep as
 * the mailbox is large.
 * @param parents of each message, as in `MessageThreads`
 * @param byDate all messages by sent date
 * @param numbers what each message is called
 * Source: RFC 5256 §4 (thread-list), §3 (REFERENCES, step 6)
 */
export async function formatThreads(
  parents: Int32Array,
  byDate: Uint32Array,
  numbers: Uint32Array,
  pace: Pace,
): Promise<string> {
  const count = parents.length;
  const size = parents.reduce((most, parent) => Math.max(most, parent + 1), count);
  const firstChild = new Int32Array(size).fill(none);
  const next = new Int32Array(count).fill(none);
  for (const message of byDate.toReversed()) {
    const parent = parents[message]!;
    if (parent === none) continue;
    next[message] = firstChild[parent]!;
    firstChild[parent] = message;
  }
  /** What is to be written, the next one last: a node, in parentheses or not, or the closing one. */
  const todo: ({ node: number; open: boolean } | undefined)[] = [];
  let text = '';
  let steps = 0;
  for (const message of byDate) {
    const parent = parents[message]!;
    if (parent === none) todo.push({ node: message, open: true });
    // What holds messages together that answer one that isn't there comes at the place of the first.
    else if (parent >= count && firstChild[parent] === message) todo.push({ node: parent, open: true });
    while (todo.length > 0) {
      const one = todo.pop();
      if (one === undefined) {
        text += ')';
        continue;
      }
      const { node, open } = one;
      if (open) {
        text += '(';
        todo.push(undefined);
      }
      if (node < count) text += numbers[node];
      const child = firstChild[node]!;
      if (child === none) continue;
      if (node < count) text += ' ';
      if (next[child] === none) todo.push({ node: child, open: node >= count });
      else {
        const children: number[] = [];
        for (let each = child; each !== none; each = next[each]!) children.push(each);
        for (const each of children.reverse()) todo.push({ node: each, open: true });
      }
      if (++steps % stepsBetweenLooks === 0 && pace.over) await pace.turn();
    }
  }
  return text;
}
