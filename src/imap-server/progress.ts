import type { ArgumentParser } from '../imap/argument-parser.ts';
import type { Session } from './session.ts';

/**
 * Tells the client now and then that a long command is under way, and how far it is. Only for times at which no response is half written.
 * Source: RFC 9585 §4
 */
export class Progress {
  readonly #session: Session;
  readonly #tag: string;
  #nextMs: number;
  readonly #goalKnown: boolean;
  #done = 0;

  /**
   * @param args of the command, whose tag is told
   * @param options.goalKnown whether it is known from the beginning how much there is to do
   */
  constructor(session: Session, args: ArgumentParser, { goalKnown = true } = {}) {
    this.#goalKnown = goalKnown;
    this.#session = session;
    this.#tag = args.text.slice(0, args.text.indexOf(' '));
    this.#nextMs = performance.now() + session.server.limits.imapProgressMs;
  }

  /**
   * @param items done since the last call
   * @param goal what all calls come to
   */
  advance(items: number, goal: number): void {
    this.#done += items;
    if (performance.now() < this.#nextMs) return;
    if (!this.#goalKnown) this.#tell(`${this.#done} NIL`, `${this.#done} messages so far`);
    // RFC 9585 §4: what is done is less than the goal, else nothing would be under way.
    else if (this.#done < goal) this.#tell(`${this.#done} ${goal}`, `${this.#done} of ${goal} messages`);
  }

  /** Waits for what says nothing until it is done. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    const timer = setInterval(() => this.#tell('NIL NIL', 'Still at work'), this.#session.server.limits.imapProgressMs);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  #tell(state: string, text: string): void {
    this.#nextMs = performance.now() + this.#session.server.limits.imapProgressMs;
    this.#session.untaggedOk(`INPROGRESS ("${this.#tag}" ${state})`, text);
    this.#session.out.send();
  }
}
