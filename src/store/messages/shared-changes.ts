import type { MessageChange } from './change-reader.ts';

interface Read {
  readonly since: number;
  readonly modseq: number;
  /** While it is under way. */
  reading: Promise<readonly MessageChange[] | undefined> | undefined;
  /** After that, as long as somebody uses them. */
  changes: WeakRef<readonly MessageChange[]> | undefined;
}

/** Mailboxes whose last read is remembered. */
const maxMailboxes = 100;

/**
 * Lets those who look for the changes of a mailbox at the same time read them once: after a commit that many sessions have waited for
 * each of them looks for nearly the same.
 */
export class SharedChanges {
  readonly #reads = new Map<number, Read>();

  /**
   * @param modseq of the account, at the instant that is read
   * @param read reads all changes after `since`, as of that instant
   */
  async read(
    mailboxId: number,
    since: number,
    modseq: number,
    read: () => Promise<readonly MessageChange[]>,
  ): Promise<readonly MessageChange[]> {
    const last = this.#reads.get(mailboxId);
    if (last?.modseq === modseq && last.since <= since) {
      const found = last.changes?.deref() ?? (await last.reading);
      if (found !== undefined) return last.since === since ? found : found.filter((change) => change.modseq > since);
    }
    const mine: Read = { since, modseq, reading: undefined, changes: undefined };
    const reading = read();
    // Who waits for a read that fails reads on his own.
    mine.reading = reading.catch(() => undefined);
    this.#remember(mailboxId, mine);
    try {
      const changes = await reading;
      mine.changes = new WeakRef(changes);
      return changes;
    } finally {
      mine.reading = undefined;
    }
  }

  /** For changes that have no MODSEQ of their own. */
  forget(): void {
    this.#reads.clear();
  }

  #remember(mailboxId: number, read: Read): void {
    this.#reads.delete(mailboxId);
    this.#reads.set(mailboxId, read);
    if (this.#reads.size <= maxMailboxes) return;
    for (const oldest of this.#reads.keys()) {
      this.#reads.delete(oldest);
      break;
    }
  }
}
