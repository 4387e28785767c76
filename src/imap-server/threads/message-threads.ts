import type { ThreadFacts } from '../../message/thread-facts.ts';
import type { Pace } from '../pace.ts';

/** Messages by their place among those that were given. */
export interface MessageThreads {
  /**
   * The parent of each message: -1 at the top; a number that no message has for those that are held together by a message that isn't
   * there.
   */
  readonly parents: Int32Array;
}

/** Makes threads by one algorithm. */
export interface ThreadsBuilder {
  add(facts: ThreadFacts): void;
  /** @param byDate all messages by sent date */
  finish(byDate: Uint32Array, pace: Pace): Promise<MessageThreads>;
}
