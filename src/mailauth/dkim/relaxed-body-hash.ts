import { LimitedHash } from './limited-hash.ts';

const space = 32;
const tab = 9;
const carriageReturn = 13;
const lineFeed = 10;
const lineEnd = Buffer.from('\r\n');
const lineEnds = Buffer.from('\r\n'.repeat(512));

/**
 * SHA-256 of a body in the canonical form "relaxed": no blanks at line ends, one space for other blanks, no empty lines at the end.
 * The body comes in pieces cut anywhere, and none is kept.
 * Source: RFC 6376 §3.4.4
 */
export class RelaxedBodyHash {
  readonly #hash: LimitedHash;
  /** Line ends that count if something follows. */
  #breaks = 0;
  #blank = false;
  #afterCr = false;
  #isEmpty = true;

  /** @param limit bytes of the canonical body that count (the tag `l`); undefined: all */
  constructor(limit?: number) {
    this.#hash = new LimitedHash(limit);
  }

  update(chunk: Uint8Array): void {
    // What waits from the chunk before is a space and a CR at most; line ends that wait are hashed by themselves.
    const out = Buffer.allocUnsafe(chunk.length + 2);
    let length = 0;
    let blank = this.#blank;
    let afterCr = this.#afterCr;
    let breaks = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === lineFeed && afterCr) {
        afterCr = false;
        blank = false;
        breaks++;
        continue;
      }
      if (!afterCr && byte === carriageReturn) {
        afterCr = true;
        continue;
      }
      if (!afterCr && (byte === space || byte === tab)) {
        blank = true;
        continue;
      }
      if (length === 0) {
        this.#breaks += breaks;
        breaks = 0;
        this.#hashBreaks();
      }
      for (; breaks > 0; breaks--) {
        out[length++] = carriageReturn;
        out[length++] = lineFeed;
      }
      if (blank) out[length++] = space;
      blank = false;
      if (afterCr) {
        // It ended no line; the byte after it is looked at once more.
        out[length++] = carriageReturn;
        afterCr = false;
        at--;
      } else out[length++] = byte;
    }
    this.#blank = blank;
    this.#afterCr = afterCr;
    this.#breaks += breaks;
    if (length === 0) return;
    this.#isEmpty = false;
    this.#hash.update(out.subarray(0, length));
  }

  /** Of the canonical body, all of it. Complete after `digest`. */
  get bytes(): number {
    return this.#hash.given;
  }

  /** In base64. */
  digest(): string {
    if (this.#afterCr) {
      this.#hashBreaks();
      this.#hash.update(this.#blank ? ' \r' : '\r');
      this.#isEmpty = false;
    }
    if (!this.#isEmpty) this.#hash.update(lineEnd);
    return this.#hash.digest();
  }

  #hashBreaks(): void {
    for (; this.#breaks > 0; this.#breaks -= Math.min(this.#breaks, 512)) {
      this.#hash.update(lineEnds.subarray(0, 2 * Math.min(this.#breaks, 512)));
    }
  }
}
