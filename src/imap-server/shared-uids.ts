import type { UidList } from './uid-list.ts';

interface Known {
  readonly modseq: number;
  readonly count: number;
  /** Lives as long as a session uses it. */
  readonly memory: WeakRef<Uint32Array>;
}

/** Mailboxes remembered; of those that fall out, sessions have memory of their own. */
const maxMailboxes = 20_000;

/** Lets sessions that know the same state of a mailbox have its UIDs in the same memory. */
export class SharedUids {
  readonly #known = new Map<string, Known>();

  /**
   * Joins lists that show the same: those that were just read, and those of sessions after messages have come or were removed.
   * @param modseq of the last change to the mailbox, which the list shows as all before it
   */
  join(account: string, mailbox: { id: number; uidValidity: number }, modseq: number, uids: UidList): void {
    const key = keyOf(account, mailbox);
    const last = this.#known.get(key);
    const memory = last?.modseq === modseq && last.count === uids.count ? last.memory.deref() : undefined;
    if (memory !== undefined) uids.useMemory(memory);
    else this.#remember(key, modseq, uids);
  }

  #remember(key: string, modseq: number, uids: UidList): void {
    this.#known.delete(key);
    this.#known.set(key, { modseq, count: uids.count, memory: new WeakRef(uids.memory) });
    if (this.#known.size > maxMailboxes) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
  }
}

function keyOf(account: string, mailbox: { readonly id: number; readonly uidValidity: number }): string {
  return `${account}/${mailbox.id}/${mailbox.uidValidity}`;
}
