/** Reads a stream by lines, with their ends. A line longer than `longestBytes` comes in pieces. */
export class LineSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #longestBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #peeked: Buffer | undefined;
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>, longestBytes: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#longestBytes = longestBytes;
  }

  /** The next line, which stays the next; undefined at the end. */
  async peek(): Promise<Buffer | undefined> {
    this.#peeked ??= await this.#read();
    return this.#peeked;
  }

  async next(): Promise<Buffer | undefined> {
    const line = this.#peeked ?? (await this.#read());
    this.#peeked = undefined;
    return line;
  }

  async #read(): Promise<Buffer | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf(10);
      const length = Math.min(end >= 0 ? end + 1 : this.#buffer.length, this.#longestBytes);
      if (end >= 0 || length >= this.#longestBytes || (this.#ended && length > 0)) {
        const line = this.#buffer.subarray(0, length);
        this.#buffer = this.#buffer.subarray(length);
        return line;
      }
      if (this.#ended) return undefined;
      const { done, value } = await this.#chunks.next();
      if (done) this.#ended = true;
      else this.#buffer = this.#buffer.length === 0 ? Buffer.from(value) : Buffer.concat([this.#buffer, value]);
    }
  }
}
