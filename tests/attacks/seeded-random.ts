/** Numbers that are the same again for the same seed. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0, below 1. */
  next(): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
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

/** The seed and the number of rounds of a fuzz test: `RESTANTE_FUZZ_SEED` and `RESTANTE_FUZZ_ROUNDS`. */
export function fuzzSettings(defaultRounds: number): { seed: number; rounds: number } {
  const seed = Number(process.env.RESTANTE_FUZZ_SEED ?? Math.floor(Math.random() * 0x1_0000_0000));
  const rounds = Number(process.env.RESTANTE_FUZZ_ROUNDS ?? defaultRounds);
  process.stderr.write(`fuzz: RESTANTE_FUZZ_SEED=${seed} RESTANTE_FUZZ_ROUNDS=${rounds}\n`);
  return { seed, rounds };
}
