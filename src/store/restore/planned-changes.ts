import type { KeywordSets } from './live-messages.ts';

/** Live messages of one mailbox that get the same flags. */
export interface FlagChange {
  readonly mailboxId: number;
  readonly mode: 'remove' | 'replace';
  readonly bits: number;
  readonly keywords: readonly string[];
  readonly uids: number[];
}

/** Live messages that go from one mailbox to another. */
export interface PlannedMove {
  readonly mailboxId: number;
  /** Index in the targets. */
  readonly target: number;
  readonly uids: number[];
}

/** Live messages that get another place besides, with flags of their own there. */
export interface PlannedCopy extends PlannedMove {
  readonly bits: number;
  readonly keywords: readonly string[];
}

interface Place {
  readonly mailboxId: number;
  readonly uid: number;
}

/** What is to be changed of messages that are there, gathered so that few operations do it. */
export class PlannedChanges {
  readonly #keywords: KeywordSets;
  readonly #flags = new Map<string, FlagChange>();
  readonly #moves = new Map<string, PlannedMove>();
  readonly #copies = new Map<string, PlannedCopy>();

  constructor(keywords: KeywordSets) {
    this.#keywords = keywords;
  }

  get flags(): readonly FlagChange[] {
    return [...this.#flags.values()];
  }

  get moves(): readonly PlannedMove[] {
    return [...this.#moves.values()];
  }

  get copies(): readonly PlannedCopy[] {
    return [...this.#copies.values()];
  }

  copy({ mailboxId, uid }: Place, target: number, bits: number, keywords: number): void {
    const key = `${mailboxId} ${target} ${bits} ${keywords}`;
    const copy = this.#copies.get(key);
    if (copy !== undefined) copy.uids.push(uid);
    else this.#copies.set(key, { mailboxId, target, bits, keywords: this.#keywords.namesOf(keywords), uids: [uid] });
  }

  setFlags({ mailboxId, uid }: Place, bits: number, keywords: number): void {
    const names = this.#keywords.namesOf(keywords);
    this.#add(`${mailboxId} ${bits} ${keywords}`, { mailboxId, mode: 'replace', bits, keywords: names }, uid);
  }

  removeFlag({ mailboxId, uid }: Place, bit: number): void {
    this.#add(`${mailboxId} remove`, { mailboxId, mode: 'remove', bits: bit, keywords: [] }, uid);
  }

  move(mailboxId: number, target: number, uid: number): void {
    const key = `${mailboxId} ${target}`;
    const move = this.#moves.get(key);
    if (move === undefined) this.#moves.set(key, { mailboxId, target, uids: [uid] });
    else move.uids.push(uid);
  }

  #add(key: string, change: Omit<FlagChange, 'uids'>, uid: number): void {
    const known = this.#flags.get(key);
    if (known === undefined) this.#flags.set(key, { ...change, uids: [uid] });
    else known.uids.push(uid);
  }
}
