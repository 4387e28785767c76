import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeDurably } from '../runtime/durable-file.ts';
import { onceInHam, onceInJunk } from './operations.ts';

/*
 * `junkfilter.bloom`: two Bloom filters, of words seen in one message that is not junk, and in one that is. Most words are never seen
 * again: here each takes some bits instead of a row. The file is written whole, under a new number, and its database says which number
 * belongs to it.
 *
 * Bytes: 8 `RstBloom`, 4 format (1), 4 number, 4 bits of one filter as a power of two, 4 zero, 32 SHA-256 of all that follows, then the
 * two filters. Numbers are little-endian.
 */

const magic = Buffer.from('RstBloom');
const format = 1;
const headBytes = 56;
/** 2^20 bits take 128 KiB, and some 180,000 words until half of them are set. */
const leastBits = 20;
const mostBits = 24;
const probes = 4;

export class OnceFileError extends Error {}

export class OnceFile {
  readonly number: number;
  readonly #bits: number;
  /** Ham first. */
  readonly #filters: readonly [Uint8Array, Uint8Array];

  private constructor(number: number, bits: number, filters: readonly [Uint8Array, Uint8Array]) {
    this.number = number;
    this.#bits = bits;
    this.#filters = filters;
  }

  static empty(number: number, bits = leastBits): OnceFile {
    const bytes = 2 ** (bits - 3);
    return new OnceFile(number, bits, [new Uint8Array(bytes), new Uint8Array(bytes)]);
  }

  /** @returns undefined when there is none @throws OnceFileError when it is damaged */
  static async read(path: string): Promise<OnceFile | undefined> {
    const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return content === undefined ? undefined : OnceFile.parse(content);
  }

  /** @throws OnceFileError */
  static parse(content: Buffer): OnceFile {
    if (content.length < headBytes || !content.subarray(0, 8).equals(magic)) {
      throw new OnceFileError('is no file of words seen once');
    }
    if (content.readUInt32LE(8) !== format) throw new OnceFileError('is of an unknown format');
    const bits = content.readUInt32LE(16);
    const bytes = 2 ** (bits - 3);
    if (bits < leastBits || bits > mostBits || content.length !== headBytes + 2 * bytes) {
      throw new OnceFileError('has another size than its head says');
    }
    const filters = content.subarray(headBytes);
    if (!hash('sha256', filters, 'buffer').equals(content.subarray(24, headBytes))) {
      throw new OnceFileError('is damaged: its SHA-256 differs');
    }
    return new OnceFile(content.readUInt32LE(12), bits, [filters.subarray(0, bytes), filters.subarray(bytes)]);
  }

  /** @returns bits of {@link onceInHam} and {@link onceInJunk} */
  has(word: number): number {
    let found = onceInHam | onceInJunk;
    for (const at of this.#places(word)) {
      if (!isSet(this.#filters[0], at)) found &= ~onceInHam;
      if (!isSet(this.#filters[1], at)) found &= ~onceInJunk;
      if (found === 0) return 0;
    }
    return found;
  }

  /**
   * The next file: with more words. When half of the bits of one are set, it would answer wrongly too often, and a larger one takes its
   * place, without the old words, which are the least likely to come again.
   */
  with(words: readonly { hash: number; is_junk: number }[]): OnceFile {
    const isFull = this.#filters.some((filter) => countBits(filter) > filter.length * 4);
    const next = isFull
      ? OnceFile.empty(this.number + 1, Math.min(mostBits, this.#bits + 1))
      : new OnceFile(this.number + 1, this.#bits, [this.#filters[0].slice(), this.#filters[1].slice()]);
    for (const { hash: word, is_junk: isJunk } of words) {
      for (const at of next.#places(word)) next.#filters[isJunk === 1 ? 1 : 0][at >>> 3]! |= 1 << (at & 7);
    }
    return next;
  }

  async write(path: string): Promise<void> {
    const head = Buffer.alloc(headBytes);
    magic.copy(head);
    head.writeUInt32LE(format, 8);
    head.writeUInt32LE(this.number, 12);
    head.writeUInt32LE(this.#bits, 16);
    const filters = Buffer.concat(this.#filters);
    hash('sha256', filters, 'buffer').copy(head, 24);
    await writeDurably(path, Buffer.concat([head, filters]));
  }

  *#places(word: number): Generator<number> {
    const mask = 2 ** this.#bits - 1;
    const low = word % 0x1_0000_0000;
    // Odd, so that the steps reach all places.
    const step = Math.floor(word / 0x1_0000_0000) | 1;
    for (let probe = 0; probe < probes; probe++) yield (low + Math.imul(probe, step)) & mask;
  }
}

function isSet(filter: Uint8Array, at: number): boolean {
  return (filter[at >>> 3]! & (1 << (at & 7))) !== 0;
}

function countBits(filter: Uint8Array): number {
  let count = 0;
  for (let byte of filter) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}
