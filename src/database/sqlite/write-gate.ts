import { AsyncLocalStorage } from 'node:async_hooks';

/** One that passed, with all that it began inside and that passed in its turn. */
interface Visit {
  running: number;
}

/** Lets many pass, or, closed, none: whoever closes it first waits until those inside have left. */
export class Gate {
  #inside = 0;
  #closed: Promise<void> | undefined;
  #empty: (() => void) | undefined;
  readonly #context = new AsyncLocalStorage<Visit>();

  /** Runs `work` inside. Work inside of work inside doesn't wait again: it would wait for itself. */
  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    const outer = this.#context.getStore();
    // What was begun inside and goes on after it (a timer, a loop) is still in its context, and is inside no more.
    if (outer !== undefined && outer.running > 0) return await this.#visit(outer, work);
    while (this.#closed !== undefined) await this.#closed;
    this.#inside++;
    const visit: Visit = { running: 0 };
    return await this.#context.run(visit, () => this.#visit(visit, work));
  }

  /** Resolves when nobody is inside. One at a time. */
  async close(): Promise<{ open(): void }> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    if (this.#inside > 0) {
      await new Promise<void>((empty) => {
        this.#empty = empty;
      });
      this.#empty = undefined;
    }
    return {
      open: () => {
        this.#closed = undefined;
        resolve();
      },
    };
  }

  async #visit<Result>(visit: Visit, work: () => Promise<Result>): Promise<Result> {
    visit.running++;
    try {
      return await work();
    } finally {
      visit.running--;
      if (visit.running === 0) {
        this.#inside--;
        if (this.#inside === 0) this.#empty?.();
      }
    }
  }
}
