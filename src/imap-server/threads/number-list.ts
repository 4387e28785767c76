/** A list of integers of 32 bits that grows. */
export class NumberList {
  #numbers = new Int32Array(16);
  length = 0;

  get sizeBytes(): number {
    return this.#numbers.byteLength;
  }

  at(index: number): number {
    return this.#numbers[index]!;
  }

  push(number: number): void {
    if (this.length === this.#numbers.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.length++] = number;
  }
}
