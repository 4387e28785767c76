import type { MessageSignature } from './dkim-signature.ts';
import { RelaxedBodyHash } from './relaxed-body-hash.ts';
import { SimpleBodyHash } from './simple-body-hash.ts';

/** The hash of a body as one signature wants it. */
export interface BodyHash {
  /** In base64. Only once the whole body has gone by. */
  digest(): string;
  /** Of the canonical body, all of it. Complete after `digest`. */
  readonly bytes: number;
}

/** The hashes of one body, which goes by once. Signatures that want the same share it, so that many of them cost little more than one. */
export class BodyHashes {
  readonly #hashes = new Map<string, SharedHash>();

  get isEmpty(): boolean {
    return this.#hashes.size === 0;
  }

  /** To be called before the body. */
  want({ bodyForm, bodyLength }: Pick<MessageSignature, 'bodyForm' | 'bodyLength'>): BodyHash {
    const name = `${bodyForm} ${bodyLength}`;
    const known = this.#hashes.get(name);
    if (known !== undefined) return known;
    const hash = new SharedHash(
      bodyForm === 'relaxed' ? new RelaxedBodyHash(bodyLength) : new SimpleBodyHash(bodyLength),
    );
    this.#hashes.set(name, hash);
    return hash;
  }

  update(chunk: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(chunk);
  }
}

class SharedHash implements BodyHash {
  readonly #hash: SimpleBodyHash | RelaxedBodyHash;
  #digest: string | undefined;

  constructor(hash: SimpleBodyHash | RelaxedBodyHash) {
    this.#hash = hash;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  digest(): string {
    this.#digest ??= this.#hash.digest();
    return this.#digest;
  }

  get bytes(): number {
    return this.#hash.bytes;
  }
}
