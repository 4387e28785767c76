import type { MessageChange } from '../store/messages/change-reader.ts';
import type { ChangedFlags } from '../store/messages/message-rows.ts';

/** Own additions that are remembered until the next look, which may be far when the client wants to know nothing. */
const ownAddedKept = 100;

/**
 * Up to which MODSEQ a client knows what has changed in its mailbox, what it knows above that as it has done it itself, and what it
 * takes for the MODSEQ up to which it knows all.
 * Source: RFC 7162 §6
 */
export class ToldModseqs {
  /** The client was told of all changes up to here, but for expunges that are kept back. */
  #seen: number;
  #mailbox: number;
  /** HIGHESTMODSEQ when nothing was kept back: whoever comes back with it misses nothing. */
  #complete: number;
  /** Whether the client was told a HIGHESTMODSEQ below MODSEQs that it has seen, as something was kept back. */
  #keptBack = false;
  /** Whether responses have shown MODSEQs since the client was told last how far it knows all. */
  #shown = false;
  /** MODSEQ of changes above {@link #seen} that the client knows from the response to its own command, by UID. */
  #own = new Map<number, number>();
  /** MODSEQ of messages that the client has added itself. */
  readonly #ownAdded = new Set<number>();
  /** MODSEQ after which flags have changed that the client does not want to be told of. */
  #untoldFlagsSince: number | undefined;

  /**
   * @param seen of the account, when the mailbox was read
   * @param mailbox of the mailbox
   */
  constructor(seen: number, mailbox: number) {
    this.#seen = seen;
    this.#mailbox = mailbox;
    this.#complete = mailbox;
  }

  /** The client was told of all changes up to here, but for expunges that are kept back. */
  get seen(): number {
    return this.#seen;
  }

  /** The mailbox's own, as of the last look. */
  get mailbox(): number {
    return this.#mailbox;
  }

  /** HIGHESTMODSEQ as of what the client was told; not above that of an expunge that it was not told of. At least 1. */
  highest(keepsExpunges: boolean): number {
    const complete = keepsExpunges ? this.#complete : this.#mailbox;
    return Math.max(Math.min(complete, this.#untoldFlagsSince ?? complete), 1);
  }

  /** After which MODSEQ to look. Flags that the client wasn't told of are found again when it will be. */
  lookSince(wantsFlags: boolean): number {
    return wantsFlags ? Math.min(this.#seen, this.#untoldFlagsSince ?? this.#seen) : this.#seen;
  }

  /** Whether the client knows a change, as its own command has made it. */
  isOwn({ uid, modseq }: MessageChange): boolean {
    return this.#own.get(uid) === modseq;
  }

  /** Whether the client has added a message itself. */
  hasAdded({ createSeq }: MessageChange): boolean {
    return this.#ownAdded.has(createSeq);
  }

  /**
   * Notes what a command of this client did to flags, so that it is not told again.
   * @param told whether the client was told the flags of all of them; else only a change of what nobody else has changed before it
   */
  noteOwnChange(change: { changed: readonly ChangedFlags[]; modseq?: number | undefined }, told: boolean): void {
    this.noteShown();
    if (change.modseq === this.#seen + 1) {
      // Nobody else changed anything in between.
      this.#seen = change.modseq;
      this.#mailbox = change.modseq;
      return;
    }
    const known = this.#untoldFlagsSince ?? this.#seen;
    for (const { uid, modseq, priorModseq } of change.changed) {
      if (modseq > this.#seen && (told || priorModseq <= known)) this.#own.set(uid, modseq);
    }
  }

  noteOwnAdded(modseq: number): void {
    if (this.#ownAdded.size < ownAddedKept) this.#ownAdded.add(modseq);
  }

  /** Notes that a response shows MODSEQs, of which the client may take the highest for that up to which it knows all. */
  noteShown(): void {
    this.#shown = true;
  }

  /** Notes that no expunges are kept back now. */
  noteComplete(): void {
    this.#complete = this.#mailbox;
  }

  /**
   * Notes what a look has found.
   * @param modseq the account's, up to which it has looked
   * @param flags whether the client is told of flags; else whether there were any to tell of
   */
  noteLook(modseq: number, changes: readonly MessageChange[], flags: 'told' | 'none' | 'untold'): void {
    if (flags === 'told') this.#untoldFlagsSince = undefined;
    else if (flags === 'untold') this.#untoldFlagsSince ??= this.#mailbox;
    this.#seen = modseq;
    for (const change of changes) if (change.modseq > this.#mailbox) this.#mailbox = change.modseq;
    this.#own.clear();
    this.#ownAdded.clear();
  }

  /**
   * A client takes the highest MODSEQ it has seen for HIGHESTMODSEQ, and would never hear of a change below it that was kept back
   * when the connection breaks: so it is told how far it knows all. It has seen MODSEQs also where it wants to know nothing of others.
   * @param keeps whether expunges, or all that happens, are kept back
   * @returns response text, when there is something to be told
   */
  tellKeptBack(keeps: { readonly expunges: boolean; readonly all: boolean }): string | undefined {
    const isBehind = keeps.expunges || this.#untoldFlagsSince !== undefined || keeps.all;
    const isToBeTold = isBehind ? this.#shown : this.#keptBack;
    this.#shown = false;
    if (!isToBeTold) return undefined;
    this.#keptBack = isBehind;
    const text = isBehind ? `${keeps.expunges ? 'Removals' : 'Changes'} are kept back` : 'All is told';
    return `OK [HIGHESTMODSEQ ${this.highest(keeps.expunges)}] ${text}`;
  }
}
