/** Numbers that are the same for the same seed (mulberry32), so that a test that failed can be run again. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both inclusive. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.between(0, values.length - 1)];
  }

  /** Some of the values, at least one, in their order. */
  some<Value>(values: readonly Value[], most: number): Value[] {
    const count = this.between(1, Math.min(most, values.length));
    const from = this.between(0, values.length - count);
    return values.slice(from, from + count);
  }

  /** Bytes, one character each. */
  bytes(count: number): string {
    let text = '';
    for (let at = 0; at < count; at++) text += String.fromCharCode(this.below(256));
    return text;
  }

  /** A generator of its own, so that sessions side by side don't change each other's course. */
  fork(): SeededRandom {
    return new SeededRandom(this.below(0x1_0000_0000));
  }
}
