import { LimitedHash } from './limited-hash.ts';

const carriageReturn = 13;
const lineFeed = 10;
const lineEnds = '\r\n'.repeat(512);

/**
 * SHA-256 of a body in the canonical form "simple": as it is, but for empty lines at the end, of which one line end is left. The body comes
 * in pieces cut anywhere, and none is kept.
 * Source: RFC 6376 §3.4.3
 */
export class SimpleBodyHash {
  readonly #hash: LimitedHash;
  /** Line ends that count if something follows. */
  #breaks = 0;
  #afterCr = false;

  /** @param limit bytes of the canonical body that count (the tag `l`); undefined: all */
  constructor(limit?: number) {
    this.#hash = new LimitedHash(limit);
  }

  update(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      const byte = chunk[at]!;
      if (byte === lineFeed && this.#afterCr) {
        this.#afterCr = false;
        this.#breaks++;
        at++;
      } else if (byte === carriageReturn && !this.#afterCr) {
        this.#afterCr = true;
        at++;
      } else {
        this.#hashBreaks();
        // Up to the next CR there is nothing that could be a line end.
        const next = chunk.indexOf(carriageReturn, at);
        const end = next === -1 ? chunk.length : Math.max(next, at);
        if (end === at) {
          // A CR after a CR: the first one ended no line, and this one may.
          this.#afterCr = true;
          at++;
          continue;
        }
        this.#hash.update(chunk.subarray(at, end));
        at = end;
      }
    }
  }

  /** Of the canonical body, all of it. Complete after `digest`. */
  get bytes(): number {
    return this.#hash.given;
  }

  /** In base64. */
  digest(): string {
    if (this.#afterCr) this.#hashBreaks();
    this.#hash.update('\r\n');
    return this.#hash.digest();
  }

  /** Everything that waits: it is not at the end. */
  #hashBreaks(): void {
    for (; this.#breaks > 0; this.#breaks -= Math.min(this.#breaks, 512)) {
      this.#hash.update(lineEnds.slice(0, 2 * Math.min(this.#breaks, 512)));
    }
    if (this.#afterCr) this.#hash.update('\r');
    this.#afterCr = false;
  }
}
