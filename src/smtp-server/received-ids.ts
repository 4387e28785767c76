import { type Cipheriv, createCipheriv } from 'node:crypto';

/**
 * Ids for Received fields: unique, and telling nobody how many messages the server takes. Each is the encrypted time of the start
 * and a count.
 */
export class ReceivedIds {
  readonly #cipher: Cipheriv;
  readonly #block = Buffer.alloc(16);
  #count = 0;

  /** @param key 16 bytes */
  constructor(key: Uint8Array, startedAt: number) {
    this.#cipher = createCipheriv('aes-128-ecb', key, null);
    this.#block.writeUIntBE(startedAt, 0, 6);
  }

  next(): string {
    this.#count++;
    this.#block.writeUIntBE(this.#count, 10, 6);
    return this.#cipher.update(this.#block).toString('hex');
  }
}
