/** Chunks that one side puts and the other takes: the putter waits while one is not taken. */
export class InputChannel implements AsyncIterable<Buffer> {
  #chunk: Buffer | undefined;
  #ended = false;
  #failure: unknown;
  #wakeTaker: (() => void) | undefined;
  #wakePutter: (() => void) | undefined;

  async put(chunk: Buffer): Promise<void> {
    while (this.#chunk !== undefined && !this.#ended) await this.#untilTaken();
    if (this.#ended) return;
    this.#chunk = chunk;
    this.#wakeTaker?.();
  }

  /** @param failure makes the taker fail instead of finishing */
  end(failure?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wakeTaker?.();
    this.#wakePutter?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#chunk !== undefined) {
          const chunk = this.#chunk;
          this.#chunk = undefined;
          this.#wakePutter?.();
          yield chunk;
        } else if (this.#ended) return;
        else {
          await new Promise<void>((resolve) => {
            this.#wakeTaker = resolve;
          });
        }
      }
    } finally {
      this.end();
    }
  }

  #untilTaken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakePutter = resolve;
    });
  }
}
