/**
 * What an account's clients were told of UIDs and MODSEQs: none may ever mean something else, and what counts up may not go back.
 * Kept over all kills.
 */
export class PromisedNumbers {
  readonly #keys = new Map<string, string>();
  readonly #uidNext = new Map<number, number>();
  readonly #modseq = new Map<number, number>();
  /** By mailbox name: a later mailbox of that name must not have a lower UIDVALIDITY (RFC 9051 §2.3.1.1). */
  readonly #uidValidity = new Map<string, number>();
  readonly problems: string[] = [];

  uid(uidValidity: number, uid: number, key: string): void {
    const id = `${uidValidity}:${uid}`;
    const before = this.#keys.get(id);
    if (before !== undefined && before !== key) {
      this.problems.push(`UID ${uid} of UIDVALIDITY ${uidValidity} was ${before} and is now ${key}`);
    }
    this.#keys.set(id, key);
    this.#uidNext.set(uidValidity, Math.max(this.#uidNext.get(uidValidity) ?? 1, uid + 1));
  }

  modseq(uidValidity: number, modseq: number): void {
    this.#modseq.set(uidValidity, Math.max(this.#modseq.get(uidValidity) ?? 0, modseq));
  }

  /** What SELECT says of a mailbox. */
  selected(name: string, now: { uidValidity: number; uidNext: number; modseq: number }): void {
    const { uidValidity, uidNext, modseq } = now;
    const lowest = this.#uidNext.get(uidValidity) ?? 0;
    if (uidNext < lowest) this.problems.push(`UIDNEXT of ${name} is ${uidNext}, it was ${lowest}`);
    const known = this.#modseq.get(uidValidity) ?? 0;
    if (modseq < known) this.problems.push(`HIGHESTMODSEQ of ${name} is ${modseq}, it was ${known}`);
    const before = this.#uidValidity.get(name) ?? 0;
    if (uidValidity < before) this.problems.push(`UIDVALIDITY of ${name} is ${uidValidity}, it was ${before}`);
    this.#uidNext.set(uidValidity, Math.max(uidNext, lowest));
    this.#modseq.set(uidValidity, Math.max(modseq, known));
    this.#uidValidity.set(name, Math.max(uidValidity, before));
  }
}
