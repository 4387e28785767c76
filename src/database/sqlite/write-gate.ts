import { AsyncLocalStorage } from 'node:async_hooks';

/** Lets many pass, or, closed, none: whoever closes it first waits until those inside have left. */
export class Gate {
  #inside = 0;
  #closed: Promise<void> | undefined;
  #empty: (() => void) | undefined;
  readonly #context = new AsyncLocalStorage<boolean>();

  /** Runs `work` inside. Work inside of work inside doesn't wait again: it would wait for itself. */
  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#context.getStore() === true) return await work();
    while (this.#closed !== undefined) await this.#closed;
    this.#inside++;
    try {
      return await this.#context.run(true, work);
    } finally {
      this.#inside--;
      if (this.#inside === 0) this.#empty?.();
    }
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
}
