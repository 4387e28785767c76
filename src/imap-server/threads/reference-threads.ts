import type { ThreadFacts } from '../../message/thread-facts.ts';
import { limits } from '../../runtime/limits.ts';
import type { Pace } from '../pace.ts';
import { Forest } from './forest.ts';
import type { MessageThreads, ThreadsBuilder } from './message-threads.ts';
import { NumberList } from './number-list.ts';

const none = -1;

/**
 * Threads by what messages answer. Messages are given in the order of their sequence numbers. A node is a message, or an identifier that
 * messages refer to; the latter take no part in the result but at the top, where one holds together answers to a message that is not there.
 * Source: RFC 5256 §3 (REFERENCES), whose steps the comments number
 */
export class ReferenceThreads implements ThreadsBuilder {
  readonly #forest = new Forest();
  readonly #nodes = new Map<number, number>();
  /** The message of each node. */
  readonly #messageOf = new NumberList();
  readonly #nodeOf = new NumberList();
  readonly #subjects: string[] = [];
  readonly #replies: boolean[] = [];
  #missing = 0;

  /** Step 1 */
  add(facts: ThreadFacts): void {
    const forest = this.#forest;
    let above = none;
    for (const id of facts.references) {
      const node = this.#reference(id);
      if (node === undefined) continue;
      // A. What is linked already stays so.
      if (above !== none && forest.parent.at(node) === none) forest.link(node, above);
      above = node;
    }
    const message = this.#nodeOf.length;
    const node = this.#ownNode(facts.messageId);
    this.#messageOf.set(node, message);
    this.#nodeOf.push(node);
    this.#subjects.push(facts.subject);
    this.#replies.push(facts.isReply);
    // B. What the message itself says of its parent is true.
    forest.cut(node);
    if (above !== none && above !== node) forest.link(node, above);
  }

  async finish(byDate: Uint32Array, pace: Pace): Promise<MessageThreads> {
    const parents = await this.#parents(pace);
    await this.#joinSubjects(parents, byDate, pace);
    return { parents };
  }

  #reference(id: number): number | undefined {
    let node = this.#nodes.get(id);
    if (node === undefined && this.#missing < limits.imapThreadMissing) {
      this.#missing++;
      node = this.#newNode();
      this.#nodes.set(id, node);
    }
    return node;
  }

  /** The first message that has an identifier gets its node; others, and those without one, get a node that nobody refers to. */
  #ownNode(id: number | undefined): number {
    if (id === undefined) return this.#newNode();
    const known = this.#nodes.get(id);
    if (known !== undefined) return this.#messageOf.at(known) === none ? known : this.#newNode();
    const node = this.#newNode();
    this.#nodes.set(id, node);
    return node;
  }

  #newNode(): number {
    this.#messageOf.push(none);
    return this.#forest.add();
  }

  /**
   * Steps 2 and 3: nodes without message go. Their children get the next message above as parent, or, with siblings and no message above,
   * a number that none of the messages has.
   */
  async #parents(pace: Pace): Promise<Int32Array> {
    const { parent } = this.#forest;
    const count = this.#nodeOf.length;
    /** Of each node: the next message above, by its number; or, less than -1, the root without message. */
    const above = new Int32Array(this.#forest.size);
    const known = new Uint8Array(this.#forest.size);
    const path: number[] = [];
    for (let start = 0; start < above.length; start++) {
      let node = start;
      for (; known[node] === 0 && parent.at(node) !== none; node = parent.at(node)) path.push(node);
      known[node] = 1;
      if (parent.at(node) === none) above[node] = none;
      for (let below = path.pop(); below !== undefined; below = path.pop()) {
        const up = parent.at(below);
        const message = this.#messageOf.at(up);
        above[below] = message !== none ? message : above[up] === none ? -2 - up : above[up]!;
        known[below] = 1;
      }
      if (start % stepsBetweenLooks === 0 && pace.over) await pace.turn();
    }
    const children = new Map<number, number>();
    const parents = new Int32Array(count);
    for (let message = 0; message < count; message++) {
      const up = above[this.#nodeOf.at(message)]!;
      parents[message] = up;
      if (up < none) children.set(up, (children.get(up) ?? 0) + 1);
    }
    const numbers = new Map<number, number>();
    for (let message = 0; message < count; message++) {
      const up = parents[message]!;
      if (up >= none) continue;
      if (children.get(up) === 1) parents[message] = none;
      else {
        const number = numbers.get(up) ?? count + numbers.size;
        numbers.set(up, number);
        parents[message] = number;
      }
    }
    return parents;
  }

  /** Steps 4 and 5: threads with the same subject become one. @param parents is changed */
  async #joinSubjects(parents: Int32Array, byDate: Uint32Array, pace: Pace): Promise<void> {
    const count = parents.length;
    /** Threads in the order of their first messages; a number from `count` on has no message of its own. */
    const threads: { top: number; first: number }[] = [];
    const seen = new Set<number>();
    let next = count;
    for (const message of byDate) {
      const up = parents[message]!;
      next = Math.max(next, up + 1);
      if (up !== none && (up < count || seen.has(up))) continue;
      const top = up === none ? message : up;
      if (up !== none) seen.add(up);
      threads.push({ top, first: message });
      if (threads.length % stepsBetweenLooks === 0 && pace.over) await pace.turn();
    }
    const bySubject = new Map<string, number>();
    for (const { top, first } of threads) {
      const subject = this.#subjects[first]!;
      if (subject === '') continue;
      const known = bySubject.get(subject);
      const isBetter =
        known === undefined ||
        (known < count && (top >= count || (this.#replies[known] === true && this.#replies[top] === false)));
      if (isBetter) bySubject.set(subject, top);
    }
    /** Tops without message that have gone into another. */
    const into = new Map<number, number>();
    let steps = 0;
    for (const { top, first } of threads) {
      if (++steps % stepsBetweenLooks === 0 && pace.over) await pace.turn();
      const subject = this.#subjects[first]!;
      const known = subject === '' ? undefined : bySubject.get(subject);
      if (known === undefined || known === top) continue;
      if (top >= count) into.set(top, known);
      else if (known >= count || (this.#replies[top] === true && this.#replies[known] === false)) parents[top] = known;
      else {
        parents[top] = next;
        parents[known] = next;
        bySubject.set(subject, next++);
      }
    }
    if (into.size === 0) return;
    for (let message = 0; message < count; message++) {
      const other = into.get(parents[message]!);
      if (other !== undefined) parents[message] = other;
    }
  }
}

const stepsBetweenLooks = 4096;
