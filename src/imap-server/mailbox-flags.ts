import type { AccountReader } from '../store/account-reader.ts';
import { flagBits } from '../store/flags.ts';
import type { MailboxState } from '../store/mailboxes/mailbox.ts';
import type { MessageChange } from '../store/messages/change-reader.ts';
import type { MailboxMemory, Remembered } from './mailbox-memory.ts';
import { UidList } from './uid-list.ts';

/** Changes since a state that is known, above which all is read anew: read one by one they take some milliseconds. */
const mostChanges = 2_000;
const bytesEach = 6;

/**
 * The messages of a mailbox at one MODSEQ, and those of their flags that are bits: what SELECT begins with and SEARCH asks for most. Never
 * changes; the next state is made of it and of what has changed.
 */
export class MailboxFlags implements Remembered {
  readonly modseq: number;
  readonly uids: UidList;
  /** Of each message, by its place in {@link uids}. */
  readonly #bits: Uint16Array;
  #firstUnseen: number | undefined;

  constructor(modseq: number, uids: UidList, bits: Uint16Array) {
    this.modseq = modseq;
    this.uids = uids;
    this.#bits = bits;
  }

  /** @param mailbox as the reader sees it */
  static async read(
    memory: MailboxMemory,
    account: { readonly name: string; readonly identity: object },
    mailbox: MailboxState,
    reader: AccountReader,
  ): Promise<MailboxFlags> {
    const identity = { account, id: mailbox.id, uidValidity: mailbox.uidValidity };
    const known = memory.recall(identity, MailboxFlags);
    if (known !== undefined && isOf(known, mailbox)) return known;
    let flags: MailboxFlags | undefined;
    if (known !== undefined && known.modseq < mailbox.modseq) {
      const changes = await reader.changes.flagsSince(mailbox.id, known.modseq, mostChanges);
      if (changes !== undefined) flags = known.#after(changes, mailbox.modseq);
    }
    if (flags === undefined || !isOf(flags, mailbox)) {
      const { uids, flagBits } = await reader.uids.withFlagBits(mailbox.id);
      flags = new MailboxFlags(mailbox.modseq, new UidList(uids), flagBits);
    }
    memory.sharedUids.join(account.name, mailbox, flags.modseq, flags.uids);
    // Somebody may have seen a later state meanwhile.
    const latest = memory.recall(identity, MailboxFlags)?.modseq ?? 0;
    if (latest <= flags.modseq) memory.remember(identity, MailboxFlags, flags);
    return flags;
  }

  get sizeBytes(): number {
    return this.uids.count * bytesEach;
  }

  /** Index of the first message that has not \\Seen, or -1. */
  get firstUnseen(): number {
    this.#firstUnseen ??= this.#bits.findIndex((own) => (own & flagBits['\\Seen']) === 0);
    return this.#firstUnseen;
  }

  /**
   * Those of some UIDs that exist and whose flags pass a test.
   * @param asked ascending
   * @param test may take long, as it is asked once for each set of flags that there is
   */
  matching(asked: Uint32Array, test: (bits: number) => boolean): Uint32Array {
    const uids = this.uids.slice();
    const found = new Uint32Array(Math.min(asked.length, uids.length));
    const passes: (boolean | undefined)[] = [];
    let count = 0;
    let at = asked.length === 0 ? 0 : this.uids.firstFrom(asked[0]);
    const { length } = uids;
    const bitsOf = this.#bits;
    for (let next = 0; next < asked.length; next++) {
      const uid = asked[next]!;
      while (at < length && uids[at]! < uid) at++;
      if (at === length) break;
      if (uids[at] !== uid) continue;
      const bits = bitsOf[at]!;
      passes[bits] ??= test(bits);
      if (passes[bits]) found[count++] = uid;
    }
    return count === asked.length ? asked : found.subarray(0, count);
  }

  /** @returns undefined when it can't be known so: messages have come back that were gone */
  #after(
    changes: readonly Pick<MessageChange, 'uid' | 'flagBits' | 'expunged'>[],
    modseq: number,
  ): MailboxFlags | undefined {
    const uids = new UidList(this.uids.memory, this.uids.count);
    const bits = new Uint16Array(uids.count + changes.length);
    bits.set(this.#bits);
    const gone: number[] = [];
    const goneAt = new Set<number>();
    for (const { uid, flagBits, expunged } of changes) {
      const index = uids.indexOf(uid);
      if (expunged) {
        if (index === -1) continue;
        gone.push(uid);
        goneAt.add(index);
      } else if (index !== -1) bits[index] = flagBits;
      else if (uid < uids.last) return undefined;
      else {
        bits[uids.count] = flagBits;
        uids.append(uid);
      }
    }
    const all = bits.subarray(0, uids.count);
    uids.remove(gone);
    return new MailboxFlags(modseq, uids, goneAt.size === 0 ? all : all.filter((_, index) => !goneAt.has(index)));
  }
}

function isOf(flags: MailboxFlags, { modseq, messages }: MailboxState): boolean {
  return flags.modseq === modseq && flags.uids.count === messages;
}
