import { addressRanges } from './address-range.ts';
import type { Clock } from './clock.ts';

/**
 * Counts events in fixed windows, for the three ranges of an address, and says when a range has had too many. Memory is bounded:
 * the counts of a window are dropped when the next begins, and past `maxKeys` new addresses share one count, so that a flood from
 * many addresses limits itself.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #limits: readonly [number, number, number];
  readonly #maxKeys: number;
  #window = -1;
  #counts = new Map<string, number>();

  /** @param limits events allowed in one window for the narrow, middle and wide range of an address */
  constructor(options: {
    clock: Clock;
    windowMs: number;
    limits: readonly [number, number, number];
    maxKeys?: number;
  }) {
    this.#clock = options.clock;
    this.#windowMs = options.windowMs;
    this.#limits = options.limits;
    this.#maxKeys = options.maxKeys ?? 100_000;
  }

  /** Counts an event, unless one of the ranges is full. */
  add(address: string, count = 1): boolean {
    if (!this.allows(address, count)) return false;
    for (const range of addressRanges(address)) {
      const key = this.#key(range);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
    }
    return true;
  }

  /** Whether `add` would be accepted now. */
  allows(address: string, count = 1): boolean {
    this.#turn();
    return addressRanges(address).every(
      (range, at) => (this.#counts.get(this.#key(range)) ?? 0) + count <= this.#limits[at],
    );
  }

  #key(range: string): string {
    return this.#counts.has(range) || this.#counts.size < this.#maxKeys ? range : 'other';
  }

  #turn(): void {
    const window = Math.floor(this.#clock.now() / this.#windowMs);
    if (window === this.#window) return;
    this.#window = window;
    this.#counts = new Map();
  }
}

/** Counts events of any kind of key in fixed windows; bounded as {@link RateLimit} is. */
export class KeyLimit {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #limit: number;
  readonly #maxKeys: number;
  #window = -1;
  #counts = new Map<string, number>();

  /** @param limit events of one key in one window, above which they are not counted */
  constructor(options: { clock: Clock; windowMs: number; limit: number; maxKeys?: number }) {
    this.#clock = options.clock;
    this.#windowMs = options.windowMs;
    this.#limit = options.limit;
    this.#maxKeys = options.maxKeys ?? 100_000;
  }

  /** Counts an event, unless there were too many. */
  add(key: string): void {
    const count = this.count(key);
    if (count < this.#limit) this.#counts.set(this.#known(key), count + 1);
  }

  allows(key: string): boolean {
    return this.count(key) < this.#limit;
  }

  count(key: string): number {
    const window = Math.floor(this.#clock.now() / this.#windowMs);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts = new Map();
    }
    return this.#counts.get(this.#known(key)) ?? 0;
  }

  #known(key: string): string {
    return this.#counts.has(key) || this.#counts.size < this.#maxKeys ? key : '';
  }
}

/** Counts what is open at the same time, such as connections, for the three ranges of an address. */
export class OpenLimit {
  readonly #limits: readonly [number, number, number];
  readonly #open = new Map<string, number>();

  constructor(limits: readonly [number, number, number]) {
    this.#limits = limits;
  }

  /** @returns the function that ends what was opened, or undefined when a range is full */
  open(address: string): (() => void) | undefined {
    const ranges = addressRanges(address);
    if (ranges.some((range, at) => (this.#open.get(range) ?? 0) >= this.#limits[at])) return undefined;
    for (const range of ranges) this.#open.set(range, (this.#open.get(range) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      for (const range of ranges) {
        const left = (this.#open.get(range) ?? 0) - 1;
        if (left <= 0) this.#open.delete(range);
        else this.#open.set(range, left);
      }
    };
  }
}
