import { type FetchItem, joinItems } from '../imap/fetch-items.ts';
import { formatNumbers, resolveRanges, type SequenceSet } from '../imap/sequence-set.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { ConnectionClosedError } from '../runtime/wire-reader.ts';
import type { Account, ChangedFlags, Mailbox, MessageChange } from '../store/account.ts';
import { type ChangeableFlags, flagBits } from '../store/flags.ts';
import { allRights, type Rights } from '../store/sharing/rights.ts';
import { changeableFlags } from './flag-rights.ts';
import { formatFlags, formatMailboxFlags, formatPermanentFlags } from './flag-text.ts';
import { checkRights, type MailboxPlace } from './mailbox-place.ts';
import { Pace } from './pace.ts';
import { RefusedError } from './reply.ts';
import type { ResponseWriter } from './response-writer.ts';
import { SearchContexts } from './search-contexts.ts';
import { allSelectedEvents, type SelectedEvents } from './selected-events.ts';
import type { SharedUids } from './shared-uids.ts';
import type { UidList } from './uid-list.ts';
import { writeFetched } from './write-fetched.ts';

/** Own additions that are remembered until the next look, which may be far when the client wants to know nothing. */
const ownAddedKept = 100;

/** What of a session decides how changes are written. */
interface Audience {
  readonly out: ResponseWriter;
  readonly condstore: boolean;
  readonly qresync: boolean;
  readonly uidOnly: boolean;
  readonly server: { readonly clock: Clock };
  readonly log: Log;
  readonly notifications: { readonly selected: SelectedEvents } | undefined;
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
  /** Result of the last SEARCH with SAVE (RFC 9051 §6.4.4.1), UIDs ascending. */
  saved: Uint32Array = new Uint32Array(0);
  /** Searches that are kept up to date. */
  readonly contexts = new SearchContexts(this);
  /** What the client may do, as of its last command: all, in a mailbox of its own. */
  rights: Rights;
  readonly #place: MailboxPlace;
  #keywords: readonly string[];
  /** The client was told of all changes up to here, but for {@link #gone} . */
  #seenModseq: number;
  #mailboxModseq: number;
  /** HIGHESTMODSEQ when nothing was kept back: whoever comes back with it misses nothing. */
  #completeModseq: number;
  /** Whether the client was told a HIGHESTMODSEQ below MODSEQs that it has seen, as something was kept back. */
  #keptBack = false;
  /** Whether responses have shown MODSEQs since the client was told last how far it knows all. */
  #showedModseqs = false;
  /** Expunged, ascending, not told yet. */
  #gone: number[] = [];
  /** MODSEQ of changes above {@link #seenModseq} that the client knows from the response to its own command, by UID. */
  #own = new Map<number, number>();
  /** MODSEQ of messages that the client has added itself. */
  readonly #ownAdded = new Set<number>();
  /** MODSEQ after which flags have changed that the client does not want to be told of. */
  #untoldFlagsSince: number | undefined;
  readonly #hold: ReturnType<Account['holdExpunged']>;
  readonly #sharedUids: SharedUids;

  private constructor(
    place: MailboxPlace,
    mailbox: Mailbox,
    examined: boolean,
    view: {
      uids: UidList;
      modseq: number;
      rights: Rights;
      hold: ReturnType<Account['holdExpunged']>;
      sharedUids: SharedUids;
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
    this.#seenModseq = view.modseq;
    this.#mailboxModseq = mailbox.modseq;
    this.#completeModseq = mailbox.modseq;
    this.#hold = view.hold;
    this.#sharedUids = view.sharedUids;
  }

  /**
   * @param place taken over when a mailbox was opened
   * @param since asks for the changes after this MODSEQ too
   * @returns undefined when there is no such mailbox
   * @throws RefusedError when the client may not read it
   */
  static async open(
    place: MailboxPlace,
    options: { readOnly: boolean; since: number | undefined; sharedUids: SharedUids },
  ): Promise<Selection | undefined> {
    const { account, name, access } = place;
    // Held before it is read, so that no file goes between the two.
    const hold = account.holdExpunged(await account.read((reader) => reader.modseq()));
    try {
      const opened = await account.read(async (reader) => {
        const mailbox = await reader.mailbox(name);
        if (mailbox === undefined) return undefined;
        const rights = (await access?.rights(reader, mailbox.id)) ?? allRights;
        checkRights(rights, 'r');
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
        return { mailbox, rights, uids, modseq, changes, changesComplete, firstUnseen };
      });
      if (opened === undefined) {
        hold[Symbol.dispose]();
        return undefined;
      }
      const { mailbox, changes, changesComplete, firstUnseen } = opened;
      const selected = new SelectedMailbox(place, mailbox, options.readOnly, {
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
    const complete = this.#gone.length === 0 ? this.#mailboxModseq : this.#completeModseq;
    return Math.max(Math.min(complete, this.#untoldFlagsSince ?? complete), 1);
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
    const mailbox = await this.account.read((reader) => reader.mailboxById(this.id));
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
    this.contexts.noteOwnChange(change.changed.map(({ uid }) => uid));
    this.noteModseqsShown();
    if (change.modseq === this.#seenModseq + 1) {
      // Nobody else changed anything in between.
      this.#seenModseq = change.modseq;
      this.#mailboxModseq = change.modseq;
      return;
    }
    const known = this.#untoldFlagsSince ?? this.#seenModseq;
    for (const { uid, modseq, priorModseq } of change.changed) {
      if (modseq > this.#seenModseq && (told || priorModseq <= known)) this.#own.set(uid, modseq);
    }
  }

  /** Notes that a response shows MODSEQs, of which the client may take the highest for that up to which it knows all. */
  noteModseqsShown(): void {
    this.#showedModseqs = true;
  }

  /** Notes that the client itself has added the messages of a change: it is told of them by EXISTS alone (RFC 5465 §5.2). */
  noteOwnAdded(modseq: number): void {
    if (this.#ownAdded.size < ownAddedKept) this.#ownAdded.add(modseq);
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
    let news: Pick<News, 'added' | 'ownAdded' | 'gone' | 'changed'> = {
      added: [],
      ownAdded: [],
      gone: [],
      changed: [],
    };
    if (events.messages) {
      if (this.#gone.length === 0) this.#completeModseq = this.#mailboxModseq;
      news = await this.#look(out, events.flags);
      const { gone } = news;
      this.contexts.tellGone(out, gone);
      if (gone.length > 0) this.#gone = [...this.#gone, ...gone].sort((a, b) => a - b);
      if (expunges && this.#gone.length > 0) {
        const all = this.#gone;
        this.#gone = [];
        await this.#tellGone(audience, all);
        // Who has been told of some removals only, as by `tellExpunged`, knows what no other does.
        this.#sharedUids.join(this.account.name, this, this.#mailboxModseq, this.uids);
      }
      if (this.#gone.length === 0) {
        this.#hold.advance(this.#seenModseq);
        this.#completeModseq = this.#mailboxModseq;
      }
      if (news.added.length > 0) {
        for (const uid of news.added) this.uids.append(uid);
        out.write(`* ${this.uids.count} EXISTS\r\n`);
      }
      if (events.flags) await this.#tellFlags(audience, news.changed);
    }
    await this.#tellResults(audience, news, events.fetchItems);
    if (audience.condstore) this.#tellKeptBack(out, events);
  }

  /** Whether messages of the view are gone of which the client was not told yet. */
  async hasUntoldExpunges(): Promise<boolean> {
    if (this.#gone.length > 0) return true;
    return await this.account.read(async (reader) => {
      if ((await reader.modseq()) === this.#seenModseq) return false;
      const changes = await reader.changesSince(this.id, this.#seenModseq);
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

  async #tellFlags(audience: Audience, changed: readonly MessageChange[]): Promise<void> {
    const { out } = audience;
    const pace = new Pace();
    if (changed.length > 0) this.noteModseqsShown();
    for (const change of changed) {
      if (change.keywords.length > 0) await this.announceKeywords(out, change.keywords);
      const modseq = audience.condstore ? ` MODSEQ (${change.modseq})` : '';
      const flags = formatFlags(change.flagBits, change.keywords);
      const uid = audience.uidOnly ? '' : `UID ${change.uid} `;
      out.write(`* ${this.fetchLabel(change.uid, audience)} (${uid}FLAGS ${flags}${modseq})\r\n`);
      if (out.full) await out.flush();
      if (pace.over) await pace.turn();
    }
  }

  /**
   * A client takes the highest MODSEQ it has seen for HIGHESTMODSEQ, and would never hear of a change below it that was kept back
   * when the connection breaks: so it is told how far it knows all. It has seen MODSEQs also where it wants to know nothing of others.
   * Source: RFC 7162 §6
   */
  #tellKeptBack(out: ResponseWriter, { messages }: SelectedEvents): void {
    const isBehind = this.#gone.length > 0 || this.#untoldFlagsSince !== undefined || !messages;
    if (isBehind ? this.#showedModseqs : this.#keptBack) {
      const what = this.#gone.length > 0 ? 'Removals' : 'Changes';
      const text = isBehind ? `${what} are kept back` : 'All is told';
      out.write(`* OK [HIGHESTMODSEQ ${this.highestModseq}] ${text}\r\n`);
      this.#keptBack = isBehind;
    }
    this.#showedModseqs = false;
  }

  /**
   * Tells how results of searches change, and what the client wants to know of new messages: before the results what only those
   * searches ask for (RFC 5465 §7), after them what is asked for of all (§5.2).
   */
  async #tellResults(
    audience: Audience,
    news: Pick<News, 'added' | 'ownAdded' | 'changed'>,
    ofAllNew: readonly FetchItem[],
  ): Promise<void> {
    const { out } = audience;
    const changed = news.changed.map(({ uid }) => uid);
    const { responses, attributes } = await this.contexts.look(
      { added: news.added, changed },
      audience.server.clock.now(),
    );
    const own = new Set(news.ownAdded);
    const wanted = new Map<number, readonly FetchItem[]>();
    for (const uid of news.added) {
      const items = joinItems(ofAllNew, attributes.get(uid) ?? []);
      if (items.length === 0 || own.has(uid)) continue;
      // RFC 7162 §3.2.3: the UID is in every FETCH response.
      wanted.set(uid, audience.qresync && !audience.uidOnly ? joinItems([{ kind: 'UID' }], items) : items);
    }
    if ([...wanted.values()].some((items) => items.some(({ kind }) => kind === 'MODSEQ'))) this.noteModseqsShown();
    if (ofAllNew.length === 0) await writeFetched(audience, this, wanted);
    for (const response of responses) {
      out.write(`* ${response}\r\n`);
      if (out.full) await out.flush();
    }
    if (ofAllNew.length > 0) await writeFetched(audience, this, wanted);
  }

  /** @param gone ascending, in the view */
  async #tellGone({ out, qresync, uidOnly }: Audience, gone: readonly number[]): Promise<void> {
    const pace = new Pace();
    if (qresync || uidOnly) out.write(`* VANISHED ${formatNumbers(gone)}\r\n`);
    else {
      for (const [before, uid] of gone.entries()) {
        out.write(`* ${this.sequenceOf(uid) - before} EXPUNGE\r\n`);
        if (out.full) await out.flush();
        if (pace.over) await pace.turn();
      }
    }
    this.uids.remove(gone);
    const left = new Set(gone);
    if (this.saved.length > 0) this.saved = this.saved.filter((uid) => !left.has(uid));
  }

  /**
   * Looks for what has changed since the last look.
   * @param wantsFlags whether the client will be told of flags; those that it wasn't told of are found again when it will be
   */
  async #look(out: ResponseWriter, wantsFlags: boolean): Promise<News> {
    const seen = this.#seenModseq;
    const flagsSince = this.#untoldFlagsSince ?? seen;
    const news: News = { added: [], ownAdded: [], gone: [], changed: [] };
    const { access } = this.#place;
    const found = await this.account.read(async (reader) => {
      // Whoever may not read any more is told nothing, and hears of it when he may again. No file is kept for him.
      if (access !== undefined && !(await access.rights(reader, this.id)).includes('r')) {
        this.#hold.advance(await reader.modseq());
        return undefined;
      }
      const modseq = await reader.modseq();
      const since = wantsFlags ? Math.min(seen, flagsSince) : seen;
      if (modseq === since) return undefined;
      // Undefined when it was deleted: then all its messages are among the changes.
      const uidValidity = (await reader.mailboxById(this.id))?.uidValidity;
      return { modseq, uidValidity, changes: await reader.changesSince(this.id, since) };
    });
    if (found === undefined) return news;
    if (found.uidValidity !== undefined && found.uidValidity !== this.uidValidity) {
      // RFC 9051 §2.3.1.1: all UIDs are void, which no response but a new SELECT can tell.
      out.write('* BYE The UIDs of the mailbox have changed\r\n');
      await out.drain();
      throw new ConnectionClosedError();
    }
    const pace = new Pace();
    for (const change of found.changes) {
      if (pace.over) await pace.turn();
      if (change.createSeq > seen) {
        if (change.expunged) continue;
        news.added.push(change.uid);
        if (this.#ownAdded.has(change.createSeq)) news.ownAdded.push(change.uid);
      } else if (this.uids.indexOf(change.uid) === -1) continue;
      else if (change.expunged) {
        if (change.modseq > seen) news.gone.push(change.uid);
      } else if (this.#own.get(change.uid) !== change.modseq && change.modseq > change.createSeq) {
        news.changed.push(change);
      }
    }
    if (wantsFlags) this.#untoldFlagsSince = undefined;
    else if (news.changed.length > 0) this.#untoldFlagsSince ??= this.#mailboxModseq;
    this.#seenModseq = found.modseq;
    for (const { modseq } of found.changes) if (modseq > this.#mailboxModseq) this.#mailboxModseq = modseq;
    this.#own.clear();
    this.#ownAdded.clear();
    return news;
  }
}

/** What a look finds, in UID order; but for `added` all is in the client's view. */
interface News {
  readonly added: number[];
  /** Those of them that the client has added itself. */
  readonly ownAdded: number[];
  readonly gone: number[];
  readonly changed: MessageChange[];
}
