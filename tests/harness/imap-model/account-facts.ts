import type { FetchData } from './fetch-data.ts';
import { stringValue } from './fetch-data.ts';

/** Items that may change while a message lives. */
const changing = new Set(['FLAGS', 'MODSEQ', 'UID']);

/**
 * What clients of one account were told and what must be true for ever, whoever hears it: what a UID names, what a MODSEQ stands for,
 * what counts up. Outlives sessions and servers. By UIDVALIDITY, of which no two mailboxes of an account have the same.
 */
export class AccountFacts {
  readonly #keys = new Map<string, string>();
  readonly #items = new Map<string, string>();
  readonly #flags = new Map<string, string>();
  readonly #modseq = new Map<string, number>();
  readonly #uidNext = new Map<number, number>();
  readonly #gone = new Set<string>();
  /** For which selection a message is or was \Recent. */
  readonly #recentFor = new Map<string, object>();

  /** @param key of the message that has the UID */
  named(uidValidity: number, uid: number, key: string): void {
    this.#same(this.#keys, `${uidValidity}:${uid}`, key, 'The UID names another message');
    this.given(uidValidity, uid);
  }

  keyOf(uidValidity: number, uid: number): string | undefined {
    return this.#keys.get(`${uidValidity}:${uid}`);
  }

  /** A UID was given out. */
  given(uidValidity: number, uid: number): void {
    this.#uidNext.set(uidValidity, Math.max(this.#uidNext.get(uidValidity) ?? 1, uid + 1));
  }

  /** The lowest UIDs that may come, as of now: others go on while a command is under way. */
  uidNexts(): ReadonlyMap<number, number> {
    return new Map(this.#uidNext);
  }

  /** A message was told to be gone. */
  gone(uidValidity: number, uid: number): void {
    this.#gone.add(`${uidValidity}:${uid}`);
  }

  isGone(uidValidity: number, uid: number): boolean {
    return this.#gone.has(`${uidValidity}:${uid}`);
  }

  /**
   * A message is \Recent for a read-write selection: never for another, nor for a later one.
   * Source: RFC 3501 §2.3.2
   */
  recent(uidValidity: number, uid: number, selection: object): void {
    const id = `${uidValidity}:${uid}`;
    const before = this.#recentFor.get(id);
    if (before !== undefined && before !== selection) throw new Error(`${id} is \\Recent for two`);
    this.#recentFor.set(id, selection);
  }

  /** After the server was killed messages may be \Recent once more. */
  forgetRecent(): void {
    this.#recentFor.clear();
  }

  /** The highest MODSEQ that anybody was told of a message. */
  modseq(uidValidity: number, uid: number): number {
    return this.#modseq.get(`${uidValidity}:${uid}`) ?? 0;
  }

  fetched(uidValidity: number, uid: number, { items, flags, modseq }: FetchData): void {
    const id = `${uidValidity}:${uid}`;
    this.given(uidValidity, uid);
    for (const [name, value] of items) {
      if (changing.has(name)) continue;
      const key = /^BODY\[HEADER\.FIELDS \(SUBJECT\)\]$/.test(name)
        ? /^Subject: (.*)\r\n/.exec(stringValue(value) ?? '')?.[1]
        : undefined;
      if (key !== undefined) this.named(uidValidity, uid, key);
      this.#same(this.#items, `${id} ${name}`, value, 'An item that never changes is another');
    }
    if (modseq === undefined) return;
    this.#modseq.set(id, Math.max(modseq, this.#modseq.get(id) ?? 0));
    if (flags !== undefined) this.#same(this.#flags, `${id} ${modseq}`, flags, 'One MODSEQ stands for different flags');
  }

  #same(known: Map<string, string>, id: string, value: string, fault: string): void {
    const before = known.get(id);
    if (before !== undefined && before !== value) throw new Error(`${fault}: ${id} was ${before}, is ${value}`);
    known.set(id, value);
  }
}
