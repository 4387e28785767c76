import { setImmediate } from 'node:timers/promises';

/** How long one session may keep the thread before others get their turn. */
const turnMs = 5;

/** Lets other connections have their turn in long loops. One for each command. */
export class Pace {
  #until = performance.now() + turnMs;

  /** Whether the turn is over, to be asked before the cost of awaiting {@link turn}. */
  get over(): boolean {
    return performance.now() >= this.#until;
  }

  async turn(): Promise<void> {
    if (!this.over) return;
    await setImmediate();
    this.#until = performance.now() + turnMs;
  }
}
