import { randomInt } from 'node:crypto';

const none = -1;
/** Odd: who could choose which digests meet in a slot would make looking one up slow. */
const scatter = randomInt(2 ** 31) * 2 + 1;

/** Gives digests small numbers: 0, 1, 2 … as they come. What has a number keeps it. A third of the memory of a map. */
export class SmallNumbers {
  #digests = new Float64Array(16);
  /** The numbers, each in the first slot from that of its digest on that was free. */
  #slots = new Int32Array(32).fill(none);
  #count = 0;

  /** Numbers given so far. */
  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#digests.byteLength + this.#slots.byteLength;
  }

  /** @param digest as of `numberDigest` */
  of(digest: number): number {
    let slot = this.#slotOf(digest);
    const known = this.#slots[slot]!;
    if (known !== none) return known;
    if (this.#count === this.#digests.length) {
      this.#grow();
      slot = this.#slotOf(digest);
    }
    this.#digests[this.#count] = digest;
    this.#slots[slot] = this.#count;
    return this.#count++;
  }

  digestOf(number: number): number {
    return this.#digests[number]!;
  }

  /** Where the number of a digest is, or belongs. */
  #slotOf(digest: number): number {
    const mask = this.#slots.length - 1;
    // The product's upper bits depend on all bits, and the lower ones of a digest are zero.
    let slot = Math.imul((digest / 32) ^ (digest / 2 ** 37), scatter) >>> Math.clz32(mask);
    while (this.#slots[slot] !== none && this.#digests[this.#slots[slot]!] !== digest) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const digests = this.#digests;
    this.#digests = new Float64Array(digests.length * 2);
    this.#digests.set(digests);
    this.#slots = new Int32Array(this.#digests.length * 2).fill(none);
    for (let number = 0; number < this.#count; number++) this.#slots[this.#slotOf(digests[number]!)] = number;
  }
}
