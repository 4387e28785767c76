const CR = 13;
const LF = 10;
const bareLineEnd = /\r(?!\n)|(?<!\r)\n/;

/** Finds CR and LF that aren't part of a CRLF, in chunks of any size (RFC 5321 §2.3.8). */
export class LineEndChecker {
  #afterCr = false;
  /** One has come. A CR at the very end counts only after `finish`. */
  found = false;

  push(chunk: Buffer, end = chunk.length): void {
    if (this.found || end === 0) return;
    const start = this.#afterCr && chunk[0] === LF ? 1 : 0;
    const bareCr = this.#afterCr && start === 0;
    this.#afterCr = end > start && chunk[end - 1] === CR;
    const stop = this.#afterCr ? end - 1 : end;
    this.found = bareCr || (stop > start && bareLineEnd.test(chunk.toString('latin1', start, stop)));
  }

  finish(): void {
    this.found ||= this.#afterCr;
  }
}
