import { resolveRanges, type SequenceSet } from '../imap/sequence-set.ts';
import type { Account } from '../store/account.ts';
import type { ChangeableFlags } from '../store/flags.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { ChangedFlags, MessageFlags } from '../store/messages/message-rows.ts';
import type { Rights } from '../store/sharing/rights.ts';
import type { Audience } from './audience.ts';
import { changeableFlags } from './flag-rights.ts';
import { formatMailboxFlags, formatPermanentFlags, recentBit } from './flag-text.ts';
import { MailboxFlags } from './mailbox-flags.ts';
import type { MailboxMemory } from './mailbox-memory.ts';
import { findNews, type MailboxNews } from './mailbox-news.ts';
import { checkRights, type MailboxPlace } from './mailbox-place.ts';
import { RecentUids } from './recent-uids.ts';
import { RefusedError } from './reply.ts';
import type { ResponseWriter } from './response-writer.ts';
import { SearchContexts } from './search-contexts.ts';
import { allSelectedEvents, type SelectedEvents } from './selected-events.ts';
import { ToldModseqs } from './told-modseqs.ts';
import type { UidList } from './uid-list.ts';
import { writeFlagChanges, writeGone, writeResults } from './write-news.ts';

/**
 * A mailbox as one client knows it: which message has which number, up to which MODSEQ it was told of changes, and who is gone
 * without having been told. All that others do is told by {@link tell}, at the times the protocol allows; until then the client's
 * numbers keep their meaning, and messages that are gone can be fetched still.
 * Source: RFC 9051 §5.5, §7.5.1; RFC 7162; RFC 9586 §3.4 (VANISHED)
 */
export class SelectedMailbox implements Disposable {
  readonly account: Account;
  readonly id: number;
  /** When it was selected. */
  readonly name: string;
  readonly uidValidity: number;
  /** Opened by EXAMINE. */
  readonly examined: boolean;
  readonly uids: UidList;
  /** What is known of its messages, by all sessions. */
  readonly memory: MailboxMemory;
  /** Result of the last SEARCH with SAVE (RFC 9051 §6.4.4.1), UIDs ascending. */
  saved: Uint32Array = new Uint32Array(0);
  /** Searches that are kept up to date. */
  readonly contexts = new SearchContexts(this);
  /** What the client may do, as of its last command: all, in a mailbox of its own. */
  rights: Rights;
  /** Which messages are \Recent for the client: none, as long as {@link findRecent} is not called. */
  readonly recent = new RecentUids();
  readonly #place: MailboxPlace;
  readonly #recentUid: number;
  #keywords: readonly string[];
  readonly #told: ToldModseqs;
  /** Expunged, ascending, not told yet. */
  #gone: number[] = [];
  readonly #hold: ReturnType<Account['holdExpunged']>;

  /** See `openSelected`. */
  constructor(
    place: MailboxPlace,
    mailbox: Mailbox,
    examined: boolean,
    view: {
      uids: UidList;
      modseq: number;
      rights: Rights;
      hold: ReturnType<Account['holdExpunged']>;
      memory: MailboxMemory;
    },
  ) {
    this.#place = place;
    this.account = place.account;
    this.id = mailbox.id;
    this.name = mailbox.name;
    this.uidValidity = mailbox.uidValidity;
    this.examined = examined;
    this.rights = view.rights;
    this.uids = view.uids;
    this.#keywords = mailbox.keywords;
    this.#recentUid = mailbox.recentUid;
    this.#told = new ToldModseqs(view.modseq, mailbox.modseq);
    this.#hold = view.hold;
    this.memory = view.memory;
  }

  /** HIGHESTMODSEQ as of what the client was told; not above that of an expunge that it was not told of. */
  get highestModseq(): number {
    return this.#told.highest(this.#gone.length > 0);
  }

  /** RFC 4314 §5.2: there is nothing that the client may change. */
  get readOnly(): boolean {
    return this.examined || !/[iestw]/.test(this.rights);
  }

  /** Whether it is another account's. */
  get shared(): boolean {
    return this.#place.access !== undefined;
  }

  get changeableFlags(): ChangeableFlags {
    return changeableFlags(this.examined ? '' : this.rights);
  }

  /** PERMANENTFLAGS as they are now. */
  get permanentFlags(): string {
    return formatPermanentFlags(this.#keywords, this.changeableFlags);
  }

  /** The name under which the client knows it. */
  nameOf(mailbox: Mailbox): string {
    return this.#place.nameOf(mailbox);
  }

  /**
   * Looks again what the client may do, before a command of it, and tells it when that concerns flags.
   * @throws RefusedError when it may not read any more
   * Source: RFC 4314 §5.1.1
   */
  async renewRights(out: ResponseWriter): Promise<void> {
    const { access } = this.#place;
    if (access === undefined) return;
    const before = this.permanentFlags;
    this.rights = await this.account.read((reader) => access.rights(reader, this.id));
    checkRights(this.rights, 'r');
    if (this.permanentFlags === before) return;
    out.write(`* FLAGS ${formatMailboxFlags(this.#keywords, false)}\r\n`);
    out.write(`* OK [PERMANENTFLAGS ${this.permanentFlags}] Flags that can be changed\r\n`);
  }

  [Symbol.dispose](): void {
    this.#hold[Symbol.dispose]();
    // Giving up an account never fails.
    void this.#place[Symbol.asyncDispose]();
  }

  /**
   * UIDs of the messages in a set.
   * @returns ascending
   * @throws RefusedError for message numbers that the client can't know
   */
  resolve(set: SequenceSet, byUid: boolean): Uint32Array {
    if (set.saved || byUid) return this.matching(set, byUid);
    const ranges = resolveRanges(set, this.uids.count);
    if (ranges.length === 0) return new Uint32Array(0);
    if (ranges[ranges.length - 1] > this.uids.count) {
      throw new RefusedError('BAD', undefined, 'There is no message with that number');
    }
    return this.uids.atSequences(ranges);
  }

  /** The messages that exist now, with their flags; undefined when the mailbox was deleted. */
  async flags(): Promise<MailboxFlags | undefined> {
    const { account, memory, uidValidity } = this;
    // Up to there the client was told of all changes to the mailbox.
    if (account.knownModseq === this.#told.seen) {
      const known = memory.recall({ account, id: this.id, uidValidity }, MailboxFlags);
      if (known?.modseq === this.#told.mailbox) return known;
    }
    return await account.read(async (reader) => {
      const mailbox = await reader.mailboxes.state(this.id);
      return mailbox === undefined ? undefined : await MailboxFlags.read(memory, account, mailbox, reader);
    });
  }

  /**
   * The same for SEARCH, where a set is a property that messages have or not: no message has a number that there isn't.
   * Source: RFC 9051 §6.4.4
   */
  matching(set: SequenceSet, byUid: boolean): Uint32Array {
    if (set.saved) return this.saved.filter((uid) => this.uids.indexOf(uid) !== -1);
    if (byUid) return this.uids.within(resolveRanges(set, this.uids.last));
    const { count } = this.uids;
    const ranges: number[] = [];
    for (const [at, number] of resolveRanges(set, count).entries()) {
      if (at % 2 === 1) ranges.push(Math.min(number, count));
      else if (number > count) break;
      else ranges.push(number);
    }
    return ranges.length === 0 ? new Uint32Array(0) : this.uids.atSequences(ranges);
  }

  /**
   * Looks which of the messages that the client is told of were told to nobody before; unless it may only look, nobody after it finds
   * these any more.
   * @param end above the UIDs of all messages of the view, at most UIDNEXT
   * @returns how many are \Recent for the client now
   * Source: RFC 3501 §2.3.2
   */
  findRecent(end: number): number {
    const { recent: claims } = this.account;
    const first = this.readOnly ? this.firstUnclaimed : claims.claim(this.id, this.#recentUid, end);
    if (first !== undefined && first < end) this.recent.add(first, end - 1, this.uids);
    return this.recent.count(this.uids);
  }

  /** The first UID of which nobody was told. */
  get firstUnclaimed(): number {
    return this.account.recent.first(this.id, this.#recentUid);
  }

  /** A message, or its flags, as it is told to the client. */
  shown<Message extends MessageFlags>(message: Message): Message {
    if (!this.recent.some || !this.recent.has(message.uid)) return message;
    return { ...message, flagBits: message.flagBits | recentBit };
  }

  /** Sequence number of a message that is in the view. */
  sequenceOf(uid: number): number {
    return this.uids.indexOf(uid) + 1;
  }

  /** How the FETCH response of a message in the view begins. Source: RFC 9051 §7.5.2, RFC 9586 §3.3 */
  fetchLabel(uid: number, { uidOnly }: Pick<Audience, 'uidOnly'>): string {
    return uidOnly ? `${uid} UIDFETCH` : `${this.sequenceOf(uid)} FETCH`;
  }

  /**
   * Announces keywords that the client has not heard of yet. To be called before a FETCH that shows them.
   * Source: RFC 9051 §7.3.1
   */
  async announceKeywords(out: ResponseWriter, keywords: readonly string[]): Promise<void> {
    if (keywords.length === 0 || keywords.every((keyword) => this.#keywords.includes(keyword))) return;
    const mailbox = await this.account.read((reader) => reader.mailboxes.byId(this.id));
    const all = new Set([...this.#keywords, ...(mailbox?.keywords ?? []), ...keywords]);
    this.#keywords = [...all];
    out.write(`* FLAGS ${formatMailboxFlags(this.#keywords, false)}\r\n`);
    if (!this.readOnly) {
      out.write(`* OK [PERMANENTFLAGS ${this.permanentFlags}] Flags\r\n`);
    }
  }

  /**
   * Notes what a command of this client did to flags, so that it is not told again.
   * @param change what `storeFlags` returned
   * @param told whether the client was told the flags of all of them; else only a change of what nobody else has changed before it
   */
  noteOwnChange(change: { changed: readonly ChangedFlags[]; modseq?: number | undefined }, told: boolean): void {
    if (this.contexts.some) this.contexts.noteOwnChange(change.changed.map(({ uid }) => uid));
    this.#told.noteOwnChange(change, told);
  }

  /** Notes that a response shows MODSEQs, of which the client may take the highest for that up to which it knows all. */
  noteModseqsShown(): void {
    this.#told.noteShown();
  }

  /** Notes that the client itself has added the messages of a change: it is told of them by EXISTS alone (RFC 5465 §5.2). */
  noteOwnAdded(modseq: number): void {
    this.#told.noteOwnAdded(modseq);
  }

  /**
   * Tells the client what has changed since it was told last.
   * @param expunges whether EXPUNGE or VANISHED may be sent now
   * @param events what the client wants to be told
   */
  async tell(
    audience: Audience,
    expunges: boolean,
    events: SelectedEvents = audience.notifications?.selected ?? allSelectedEvents,
  ): Promise<void> {
    const { out } = audience;
    let news: MailboxNews = { added: [], ownAdded: [], gone: [], changed: [] };
    if (events.messages) {
      /** Whether messages were added to the list or taken out of it. */
      let listChanged = false;
      if (this.#gone.length === 0) this.#told.noteComplete();
      news = await findNews(this, events.flags, {
        out,
        told: this.#told,
        hold: this.#hold,
        access: this.#place.access,
        gone: this.#gone,
      });
      const { gone } = news;
      this.contexts.tellGone(out, gone);
      if (gone.length > 0) this.#gone = [...this.#gone, ...gone].sort((a, b) => a - b);
      if (expunges && this.#gone.length > 0) {
        const all = this.#gone;
        this.#gone = [];
        await this.#tellGone(audience, all);
        listChanged = true;
      }
      if (this.#gone.length === 0) {
        this.#hold.advance(this.#told.seen);
        this.#told.noteComplete();
      }
      if (news.added.length > 0) {
        for (const uid of news.added) this.uids.append(uid);
        out.write(`* ${this.uids.count} EXISTS\r\n`);
        listChanged = true;
        if (!audience.rev2) out.write(`* ${this.findRecent(this.uids.last + 1)} RECENT\r\n`);
      }
      // Who has been told of some removals only, as by `tellExpunged`, knows what no other does.
      if (listChanged && this.#gone.length === 0) {
        this.memory.sharedUids.join(this.account.name, this, this.#told.mailbox, this.uids);
      }
      if (events.flags && news.changed.length > 0) await writeFlagChanges(audience, this, news.changed);
    }
    if (news.added.length > 0 || this.contexts.some) await writeResults(audience, this, news, events.fetchItems);
    if (!audience.condstore) return;
    const text = this.#told.tellKeptBack({ expunges: this.#gone.length > 0, all: !events.messages });
    if (text !== undefined) out.write(`* ${text}\r\n`);
  }

  /** Whether messages of the view are gone of which the client was not told yet. */
  async hasUntoldExpunges(): Promise<boolean> {
    if (this.#gone.length > 0) return true;
    if (this.account.knownModseq === this.#told.seen) return false;
    return await this.account.read(async (reader) => {
      if ((await reader.modseq()) === this.#told.seen) return false;
      const changes = await reader.changes.since(this.id, this.#told.seen);
      return changes.some(({ uid, expunged }) => expunged && this.uids.indexOf(uid) !== -1);
    });
  }

  /** Tells that the client's own command has expunged messages, which it must be told whatever else it wants to know. */
  async tellExpunged(audience: Audience, uids: readonly number[]): Promise<void> {
    const { selected } = audience.notifications ?? { selected: allSelectedEvents };
    if (selected.messages) return await this.tell(audience, true);
    const expunged = uids.filter((uid) => this.uids.indexOf(uid) !== -1);
    this.contexts.tellGone(audience.out, expunged);
    const told = new Set(expunged);
    this.#gone = this.#gone.filter((uid) => !told.has(uid));
    if (expunged.length > 0) await this.#tellGone(audience, expunged);
  }

  /** @param gone ascending, in the view */
  async #tellGone(audience: Audience, gone: readonly number[]): Promise<void> {
    await writeGone(audience, this, gone);
    this.uids.remove(gone);
    const left = new Set(gone);
    if (this.saved.length > 0) this.saved = this.saved.filter((uid) => !left.has(uid));
  }
}
