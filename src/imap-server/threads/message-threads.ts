import type { Pace } from '../pace.ts';

/** What threads are made of. */
export interface MessageFacts {
  /** Numbers that stand for message identifiers. */
  readonly messageId: number | undefined;
  /** Oldest first, without the message's own. */
  readonly references: readonly number[];
  /** Base subject, as it is compared: RFC 5256 §2.1. */
  readonly subject: string;
  readonly isReply: boolean;
}

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
  add(facts: MessageFacts): void;
  /** @param byDate all messages by sent date */
  finish(byDate: Uint32Array, pace: Pace): Promise<MessageThreads>;
}
