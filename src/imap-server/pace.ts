import { nextTurn, turnEnd } from '../runtime/turns.ts';

/** Lets other connections have their turn in long loops. One for each command. */
export class Pace {
  #until = turnEnd();

  /** Whether the turn is over, to be asked before the cost of awaiting {@link turn}. */
  get over(): boolean {
    return performance.now() >= this.#until;
  }

  async turn(): Promise<void> {
    if (!this.over) return;
    await nextTurn();
    this.#until = turnEnd();
  }
}
