import { createHash } from 'node:crypto';

/** SHA-256 of the first bytes of what it is given. */
export class LimitedHash {
  readonly #hash = createHash('sha256');
  readonly #limit: number;
  #given = 0;

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  update(bytes: Uint8Array | string): void {
    const left = this.#limit - this.#given;
    this.#given += bytes.length;
    if (left <= 0) return;
    if (bytes.length <= left) this.#hash.update(bytes);
    else this.#hash.update(typeof bytes === 'string' ? bytes.slice(0, left) : bytes.subarray(0, left));
  }

  /** Bytes that it was given; more than the limit were not hashed. */
  get given(): number {
    return this.#given;
  }

  /** In base64. */
  digest(): string {
    return this.#hash.digest('base64');
  }
}
