import { formatNumbers, resolveRanges, type SequenceSet } from '../imap/sequence-set.ts';
import { ConnectionClosedError } from '../runtime/wire-reader.ts';
import type { Account, Mailbox, MessageChange, MessageFlags } from '../store/account.ts';
import { flagBits } from '../store/flags.ts';
import { formatFlags, formatMailboxFlags } from './flag-text.ts';
import { Pace } from './pace.ts';
import { RefusedError } from './reply.ts';
import type { ResponseWriter } from './response-writer.ts';
import type { SharedUids } from './shared-uids.ts';
import type { UidList } from './uid-list.ts';

/** What of a session decides how changes are written. */
interface Audience {
  readonly out: ResponseWriter;
  readonly condstore: boolean;
  readonly qresync: boolean;
}

/** State of a mailbox when it was selected. */
export interface Selection {
  readonly mailbox: Mailbox;
  readonly selected: SelectedMailbox;
  readonly firstUnseen: number;
  /** Since the MODSEQ asked for. */
  readonly changes: readonly MessageChange[];
  /** Whether those are all; after a restore older ones are not known. */
  readonly changesComplete: boolean;
}

/**
 * A mailbox as one client knows it: which message has which number, up to which MODSEQ it was told of changes, and who is gone
 * without having been told. All that others do is told by {@link tell}, at the times the protocol allows; until then the client's
 * numbers keep their meaning, and messages that are gone can be fetched still.
 * Source: RFC 9051 §5.5, §7.5.1; RFC 7162
 */
export class SelectedMailbox implements Disposable {
  readonly account: Account;
  readonly id: number;
  readonly uidValidity: number;
  readonly readOnly: boolean;
  readonly uids: UidList;
  /** Result of the last SEARCH with SAVE (RFC 9051 §6.4.4.1), UIDs ascending. */
  saved: Uint32Array = new Uint32Array(0);
  #keywords: readonly string[];
  /** The client was told of all changes up to here, but for {@link #gone} . */
  #seenModseq: number;
  #mailboxModseq: number;
  /** HIGHESTMODSEQ when nothing was kept back: whoever comes back with it misses nothing. */
  #completeModseq: number;
  /** Whether the client was told a HIGHESTMODSEQ below MODSEQs that it has seen, as something was kept back. */
  #keptBack = false;
  /** Expunged, ascending, not told yet. */
  #gone: number[] = [];
  /** MODSEQ of changes above {@link #seenModseq} that the client knows from the response to its own command, by UID. */
  #own = new Map<number, number>();
  readonly #hold: ReturnType<Account['holdExpunged']>;
  readonly #sharedUids: SharedUids;

  private constructor(
    account: Account,
    mailbox: Mailbox,
    readOnly: boolean,
    view: { uids: UidList; modseq: number; hold: ReturnType<Account['holdExpunged']>; sharedUids: SharedUids },
  ) {
    this.account = account;
    this.id = mailbox.id;
    this.uidValidity = mailbox.uidValidity;
    this.readOnly = readOnly;
    this.uids = view.uids;
    this.#keywords = mailbox.keywords;
    this.#seenModseq = view.modseq;
    this.#mailboxModseq = mailbox.modseq;
    this.#completeModseq = mailbox.modseq;
    this.#hold = view.hold;
    this.#sharedUids = view.sharedUids;
  }

  /**
   * @param since asks for the changes after this MODSEQ too
   * @returns undefined when there is no such mailbox
   */
  static async open(
    account: Account,
    name: string,
    options: { readOnly: boolean; since: number | undefined; sharedUids: SharedUids },
  ): Promise<Selection | undefined> {
    // Held before it is read, so that no file goes between the two.
    const hold = account.holdExpunged(await account.read((reader) => reader.modseq()));
    try {
      const opened = await account.read(async (reader) => {
        const mailbox = await reader.mailbox(name);
        if (mailbox === undefined) return undefined;
        const modseq = await reader.modseq();
        const uids = await options.sharedUids.read(account.name, mailbox, reader);
        const { since } = options;
        const changes = since === undefined ? [] : await reader.changesSince(mailbox.id, since);
        const changesComplete = since === undefined || since >= (await reader.changesKnownSince());
        let firstUnseen = 0;
        if (mailbox.unseen > 0) {
          const unseen = await reader.firstUidWithFlags(mailbox.id, 0, flagBits['\\Seen']);
          firstUnseen = unseen === undefined ? 0 : uids.indexOf(unseen) + 1;
        }
        return { mailbox, uids, modseq, changes, changesComplete, firstUnseen };
      });
      if (opened === undefined) {
        hold[Symbol.dispose]();
        return undefined;
      }
      const { mailbox, changes, changesComplete, firstUnseen } = opened;
      const selected = new SelectedMailbox(account, mailbox, options.readOnly, {
        ...opened,
        hold,
        sharedUids: options.sharedUids,
      });
      return { mailbox, selected, changes, changesComplete, firstUnseen };
    } catch (error) {
      hold[Symbol.dispose]();
      throw error;
    }
  }

  /** HIGHESTMODSEQ as of what the client was told; not above that of an expunge that it was not told of. */
  get highestModseq(): number {
    return Math.max(this.#gone.length === 0 ? this.#mailboxModseq : this.#completeModseq, 1);
  }

  [Symbol.dispose](): void {
    this.#hold[Symbol.dispose]();
  }

  /**
   * UIDs of the messages in a set.
   * @returns ascending
   * @throws RefusedError for message numbers that the client can't know
   */
  resolve(set: SequenceSet, byUid: boolean): Uint32Array {
    if (set.saved) return this.saved.filter((uid) => this.uids.indexOf(uid) !== -1);
    if (byUid) return this.uids.within(resolveRanges(set, this.uids.last));
    const ranges = resolveRanges(set, this.uids.count);
    if (ranges.length === 0) return new Uint32Array(0);
    if (ranges[ranges.length - 1] > this.uids.count) {
      throw new RefusedError('BAD', undefined, 'There is no message with that number');
    }
    return this.uids.atSequences(ranges);
  }

  /** Sequence number of a message that is in the view. */
  sequenceOf(uid: number): number {
    return this.uids.indexOf(uid) + 1;
  }

  /**
   * Announces keywords that the client has not heard of yet. To be called before a FETCH that shows them.
   * Source: RFC 9051 §7.3.1
   */
  async announceKeywords(out: ResponseWriter, keywords: readonly string[]): Promise<void> {
    if (keywords.length === 0 || keywords.every((keyword) => this.#keywords.includes(keyword))) return;
    const mailbox = await this.account.read((reader) => reader.mailboxById(this.id));
    const all = new Set([...this.#keywords, ...(mailbox?.keywords ?? []), ...keywords]);
    this.#keywords = [...all];
    out.write(`* FLAGS ${formatMailboxFlags(this.#keywords, false)}\r\n`);
    if (!this.readOnly) {
      out.write(`* OK [PERMANENTFLAGS ${formatMailboxFlags(this.#keywords, true)}] Flags\r\n`);
    }
  }

  /**
   * Notes what a command of this client did to flags, so that it is not told again.
   * @param change what `storeFlags` returned
   * @param told whether the client was told the flags of all of them; else only a change with nobody else's before it is noted
   */
  noteOwnChange(change: { changed: readonly MessageFlags[]; modseq?: number | undefined }, told: boolean): void {
    if (change.modseq === this.#seenModseq + 1) {
      // Nobody else changed anything in between.
      this.#seenModseq = change.modseq;
      this.#mailboxModseq = change.modseq;
    } else if (told) {
      for (const { uid, modseq } of change.changed) if (modseq > this.#seenModseq) this.#own.set(uid, modseq);
    }
  }

  /**
   * Tells the client what has changed since it was told last.
   * @param expunges whether EXPUNGE or VANISHED may be sent now
   */
  async tell(audience: Audience, expunges: boolean): Promise<void> {
    const { out } = audience;
    if (this.#gone.length === 0) this.#completeModseq = this.#mailboxModseq;
    const news = await this.#look();
    if (news?.uidValidity !== undefined && news.uidValidity !== this.uidValidity) {
      // RFC 9051 §2.3.1.1: all UIDs are void, which no response but a new SELECT can tell.
      out.write('* BYE The UIDs of the mailbox have changed\r\n');
      await out.drain();
      throw new ConnectionClosedError();
    }
    const added: number[] = [];
    const changed: MessageChange[] = [];
    if (news !== undefined) {
      const gone: number[] = [];
      for (const change of news.changes) {
        if (change.createSeq > this.#seenModseq) {
          if (!change.expunged) added.push(change.uid);
        } else if (this.uids.indexOf(change.uid) === -1) continue;
        else if (change.expunged) gone.push(change.uid);
        else if (this.#own.get(change.uid) !== change.modseq) changed.push(change);
      }
      if (gone.length > 0) this.#gone = [...this.#gone, ...gone].sort((a, b) => a - b);
      this.#seenModseq = news.modseq;
      for (const change of news.changes) if (change.modseq > this.#mailboxModseq) this.#mailboxModseq = change.modseq;
      this.#own.clear();
    }
    if (expunges && this.#gone.length > 0) this.#tellGone(audience);
    if (this.#gone.length === 0) {
      this.#hold.advance(this.#seenModseq);
      this.#completeModseq = this.#mailboxModseq;
    }
    if (added.length > 0) {
      for (const uid of added) this.uids.append(uid);
      out.write(`* ${this.uids.count} EXISTS\r\n`);
    }
    const pace = new Pace();
    for (const change of changed) {
      if (change.keywords.length > 0) await this.announceKeywords(out, change.keywords);
      const modseq = audience.condstore ? ` MODSEQ (${change.modseq})` : '';
      const flags = formatFlags(change.flagBits, change.keywords);
      out.write(`* ${this.sequenceOf(change.uid)} FETCH (UID ${change.uid} FLAGS ${flags}${modseq})\r\n`);
      if (out.full) await out.flush();
      if (pace.over) await pace.turn();
    }
    if (audience.condstore) this.#tellKeptBack(out);
  }

  /**
   * A client takes the highest MODSEQ it has seen for HIGHESTMODSEQ, and would never hear of a removal below it that was kept back
   * when the connection breaks: so it is told how far it knows all.
   * Source: RFC 7162 §6
   */
  #tellKeptBack(out: ResponseWriter): void {
    const keepsBack = this.#gone.length > 0;
    if (keepsBack || this.#keptBack) {
      const text = keepsBack ? 'Removals are kept back' : 'All is told';
      out.write(`* OK [HIGHESTMODSEQ ${this.highestModseq}] ${text}\r\n`);
    }
    this.#keptBack = keepsBack;
  }

  #tellGone(audience: Audience): void {
    const gone = this.#gone;
    this.#gone = [];
    if (audience.qresync) audience.out.write(`* VANISHED ${formatNumbers(gone)}\r\n`);
    else {
      let text = '';
      gone.forEach((uid, before) => {
        text += `* ${this.sequenceOf(uid) - before} EXPUNGE\r\n`;
      });
      audience.out.write(text);
    }
    this.uids.remove(gone);
    this.#sharedUids.join(this.account.name, this, this.#mailboxModseq, this.uids);
    const left = new Set(gone);
    if (this.saved.length > 0) this.saved = this.saved.filter((uid) => !left.has(uid));
  }

  async #look(): Promise<{ modseq: number; changes: MessageChange[]; uidValidity: number | undefined } | undefined> {
    return this.account.read(async (reader) => {
      const modseq = await reader.modseq();
      if (modseq === this.#seenModseq) return undefined;
      // Undefined when it was deleted: then all its messages are among the changes.
      const uidValidity = (await reader.mailboxById(this.id))?.uidValidity;
      return { modseq, uidValidity, changes: await reader.changesSince(this.id, this.#seenModseq) };
    });
  }
}
