export interface WantedMessage {
  readonly uid: number;
  /** As the source says. */
  readonly sizeBytes: number;
}

/** Messages of one mailbox that are to come, in UID order: two numbers each, as there may be millions. */
export class WantedMessages {
  #uids: number[] = [];
  #sizes: number[] = [];
  #isSorted = true;

  get length(): number {
    return this.#uids.length;
  }

  add({ uid, sizeBytes }: WantedMessage): void {
    if (uid <= (this.#uids.at(-1) ?? 0)) this.#isSorted = false;
    this.#uids.push(uid);
    this.#sizes.push(sizeBytes);
  }

  at(index: number): WantedMessage {
    return { uid: this.#uids[index]!, sizeBytes: this.#sizes[index]! };
  }

  /** For servers that keep no order, or repeat themselves. */
  sort(): void {
    if (this.#isSorted) return;
    const sizes = new Map(this.#uids.map((uid, index) => [uid, this.#sizes[index]!]));
    this.#uids = [...sizes.keys()].sort((a, b) => a - b);
    this.#sizes = this.#uids.map((uid) => sizes.get(uid)!);
    this.#isSorted = true;
  }
}
