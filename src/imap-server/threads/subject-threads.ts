import type { ThreadFacts } from '../../message/thread-facts.ts';
import type { MessageThreads, ThreadsBuilder } from './message-threads.ts';

/** Threads by subject: the oldest message, and below it all others. Source: RFC 5256 §3 (ORDEREDSUBJECT) */
export class SubjectThreads implements ThreadsBuilder {
  readonly #subjects: string[] = [];

  add({ subject }: ThreadFacts): void {
    this.#subjects.push(subject);
  }

  async finish(byDate: Uint32Array): Promise<MessageThreads> {
    const parents = new Int32Array(this.#subjects.length);
    const first = new Map<string, number>();
    for (const message of byDate) {
      const subject = this.#subjects[message]!;
      const known = first.get(subject);
      parents[message] = known ?? -1;
      if (known === undefined) first.set(subject, message);
    }
    return { parents };
  }
}
