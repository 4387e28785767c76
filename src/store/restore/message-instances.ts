const identityBytes = 32;
const none = -1;

/**
 * Messages in mailboxes, found by the identity of their content, in columns of some 60 bytes a message: an account may hold a million.
 * They are added mailbox by mailbox, with ascending UIDs.
 */
export class MessageInstances {
  readonly #identities: Uint8Array;
  readonly #mailboxes: Uint32Array;
  readonly #uids: Uint32Array;
  readonly #flags: Uint32Array;
  readonly #keywords: Uint32Array;
  readonly #taken: Uint8Array;
  /** The one added before with the same bucket. */
  readonly #next: Int32Array;
  readonly #buckets: Int32Array;
  /** First and after the last of each mailbox. */
  readonly #ranges = new Map<number, { start: number; end: number }>();
  #size = 0;

  /** @param capacity most that will be added; what is not used takes no memory */
  constructor(capacity: number) {
    this.#identities = new Uint8Array(capacity * identityBytes);
    this.#mailboxes = new Uint32Array(capacity);
    this.#uids = new Uint32Array(capacity);
    this.#flags = new Uint32Array(capacity);
    this.#keywords = new Uint32Array(capacity);
    this.#taken = new Uint8Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#buckets = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, capacity))));
  }

  get size(): number {
    return this.#size;
  }

  /**
   * @param instance.keywords a number that stands for a set of keywords
   * @returns its number
   */
  add(identity: Uint8Array, instance: { mailbox: number; uid: number; flagBits: number; keywords: number }): number {
    const at = this.#size++;
    this.#identities.set(identity, at * identityBytes);
    this.#mailboxes[at] = instance.mailbox;
    this.#uids[at] = instance.uid;
    this.#flags[at] = instance.flagBits;
    this.#keywords[at] = instance.keywords;
    const range = this.#ranges.get(instance.mailbox);
    if (range === undefined) this.#ranges.set(instance.mailbox, { start: at, end: at + 1 });
    else range.end = at + 1;
    const bucket = this.#bucketOf(identity);
    // Buckets hold numbers plus one, so that zeroed memory is empty.
    this.#next[at] = this.#buckets[bucket]! - 1;
    this.#buckets[bucket] = at + 1;
    return at;
  }

  /** Those with an identity that have not been taken, the last added first. */
  *find(identity: Uint8Array): Generator<number> {
    for (let at = this.#buckets[this.#bucketOf(identity)]! - 1; at !== none; at = this.#next[at]!) {
      if (this.#equals(at, identity)) yield at;
    }
  }

  has(identity: Uint8Array): boolean {
    return this.find(identity).next().done !== true;
  }

  /** The one with a UID in a mailbox, taken or not. */
  locate(mailbox: number, uid: number): number | undefined {
    let { start, end } = this.#ranges.get(mailbox) ?? { start: 0, end: 0 };
    const last = end;
    while (start < end) {
      const middle = (start + end) >>> 1;
      if (this.#uids[middle]! < uid) start = middle + 1;
      else end = middle;
    }
    return start < last && this.#uids[start] === uid ? start : undefined;
  }

  /** It stands for another message, and is not found any more. */
  take(at: number): void {
    if (this.#taken[at] === 1) return;
    this.#taken[at] = 1;
    const bucket = this.#bucketOf(this.identityOf(at));
    let before = this.#buckets[bucket]! - 1;
    if (before === at) {
      this.#buckets[bucket] = this.#next[at]! + 1;
      return;
    }
    while (this.#next[before] !== at) before = this.#next[before]!;
    this.#next[before] = this.#next[at]!;
  }

  isTaken(at: number): boolean {
    return this.#taken[at] === 1;
  }

  /** UIDs of those in a mailbox that have not been taken, some at a time. */
  *untaken(mailbox: number, atOnce: number): Generator<number[]> {
    const { start, end } = this.#ranges.get(mailbox) ?? { start: 0, end: 0 };
    let uids: number[] = [];
    for (let at = start; at < end; at++) {
      if (this.#taken[at] === 1) continue;
      uids.push(this.#uids[at]!);
      if (uids.length < atOnce) continue;
      yield uids;
      uids = [];
    }
    if (uids.length > 0) yield uids;
  }

  identityOf(at: number): Uint8Array {
    return this.#identities.subarray(at * identityBytes, (at + 1) * identityBytes);
  }

  mailboxOf(at: number): number {
    return this.#mailboxes[at]!;
  }

  uidOf(at: number): number {
    return this.#uids[at]!;
  }

  flagBitsOf(at: number): number {
    return this.#flags[at]!;
  }

  keywordsOf(at: number): number {
    return this.#keywords[at]!;
  }

  /** An identity is a hash already. */
  #bucketOf(identity: Uint8Array): number {
    const hash = identity[0]! | (identity[1]! << 8) | (identity[2]! << 16) | (identity[3]! << 24);
    return hash & (this.#buckets.length - 1);
  }

  #equals(at: number, identity: Uint8Array): boolean {
    const start = at * identityBytes;
    for (let i = 0; i < identityBytes; i++) if (this.#identities[start + i] !== identity[i]) return false;
    return true;
  }
}
