import type { AccountFacts } from './account-facts.ts';
import { type FetchData, flagSet, numbersOf, parseFetchData } from './fetch-data.ts';

/** What a client has asked for, by ENABLE or by commands that imply it. */
export interface Features {
  condstore: boolean;
  qresync: boolean;
  rev2: boolean;
  utf8: boolean;
}

/** A message as a client knows it; undefined is what it has not been told. */
export interface KnownMessage {
  uid: number | undefined;
  flags: string | undefined;
  recent: boolean | undefined;
  modseq: number | undefined;
}

/** The command that a response comes during. */
export interface During {
  /** Such as `UID FETCH`; empty when none is under way. */
  readonly name: string;
  /** Whether it is by UID and names messages by number. */
  readonly namesNumbers: boolean;
  /** Whether CONDSTORE was in force before it. */
  readonly condstore: boolean;
  /** Whether it asks for what puts CONDSTORE in force. */
  readonly enablesCondstore: boolean;
}

/** A state from which QRESYNC must lead to the present one. */
export interface ResyncPoint {
  readonly name: string;
  readonly uidValidity: number;
  readonly modseq: number;
  readonly flags: ReadonlyMap<number, string>;
}

/** RFC 9051 §7.5.1, RFC 7162 §3.2.10: numbers must keep their meaning in these. */
const keepsNumbers = /^(FETCH|STORE|SEARCH|SORT|THREAD)$/;

/**
 * The mailbox that a client has selected, as the client may know it from what it was told, and the rules of what it may be told:
 * as Dovecot's imaptest does, but without any tolerance. Throws at the first word that breaks one.
 */
export class MailboxView {
  readonly name: string;
  readonly facts: AccountFacts;
  readonly features: Features;
  readonly messages: KnownMessage[] = [];
  uidValidity = 0;
  /** As SELECT told it. */
  uidNext = 0;
  /** From the tagged OK of SELECT on. */
  opened = false;
  readOnly = false;
  /** The last HIGHESTMODSEQ told. */
  highestModseq = 0;
  /** The highest MODSEQ told in whatever way. */
  greatestModseq = 0;
  /** What a client has for HIGHESTMODSEQ between commands. */
  knownModseq = 0;
  #codeOfAnswer: number | undefined;
  #greatestOfAnswer = 0;
  readonly earlier: number[] = [];
  #flags: Set<string> | undefined;
  #permanent: Set<string> | undefined;
  #told = new Set<string>();
  /** How many messages are \Recent; undefined when that can't be known. */
  #recent: number | undefined;
  readonly #leastUidNexts: ReadonlyMap<number, number>;

  constructor(name: string, facts: AccountFacts, features: Features) {
    this.name = name;
    this.facts = facts;
    this.features = features;
    this.#leastUidNexts = facts.uidNexts();
  }

  get keywords(): ReadonlySet<string> {
    return this.#flags ?? new Set();
  }

  /** Ends the opening. Source: RFC 9051 §6.3.2, RFC 7162 §3.1.2.1 */
  open(readOnly: boolean): void {
    const needed = ['FLAGS', 'EXISTS', 'PERMANENTFLAGS', 'UIDVALIDITY', 'UIDNEXT', 'HIGHESTMODSEQ'];
    needed.push(this.features.rev2 ? 'LIST' : 'RECENT');
    for (const word of needed) check(this.#told.has(word), `SELECT without ${word}`);
    check(!readOnly || this.#permanent?.size === 0, 'PERMANENTFLAGS are not empty in a read-only mailbox');
    this.readOnly = readOnly;
    this.opened = true;
  }

  /** What QRESYNC can start from; undefined when not all is known. */
  resyncPoint(modseq: number): ResyncPoint | undefined {
    const flags = new Map<number, string>();
    for (const message of this.messages) {
      if (message.uid === undefined || message.flags === undefined) return undefined;
      flags.set(message.uid, message.flags);
    }
    return { name: this.name, uidValidity: this.uidValidity, modseq, flags };
  }

  /** @param rest after the word */
  hear(number: number | undefined, word: string, rest: string, during: During): void {
    switch (word) {
      case 'EXISTS':
        this.#exists(number ?? Number.NaN);
        break;
      case 'RECENT':
        check(!this.features.rev2, 'RECENT in IMAP4rev2');
        check(number !== undefined && number <= this.messages.length, `RECENT ${number} of ${this.messages.length}`);
        this.#recent = number;
        break;
      case 'EXPUNGE':
        this.#mayExpunge(word, during);
        check(!this.features.qresync, 'EXPUNGE after QRESYNC was enabled');
        check(number !== undefined && number >= 1 && number <= this.messages.length, `EXPUNGE ${number} of none`);
        this.#remove((number as number) - 1);
        break;
      case 'VANISHED':
        this.#vanished(rest, during);
        break;
      case 'FETCH':
        this.fetch(number ?? Number.NaN, parseFetchData(rest), during);
        break;
      case 'FLAGS': {
        const flags = new Set(rest.slice(1, -1).split(' '));
        for (const flag of this.#flags ?? []) check(flags.has(flag), `FLAGS has lost ${flag}`);
        this.#flags = flags;
        break;
      }
      case 'OK':
        this.#code(rest, during);
        break;
    }
    this.#told.add(word);
  }

  /** HIGHESTMODSEQ, also in a tagged answer. */
  hearHighestModseq(modseq: number): void {
    check(modseq >= this.highestModseq, `HIGHESTMODSEQ went back from ${this.highestModseq} to ${modseq}`);
    this.highestModseq = modseq;
    this.#codeOfAnswer = modseq;
    this.greatestModseq = Math.max(modseq, this.greatestModseq);
  }

  endOfAnswer(): void {
    const recent = this.messages.filter((message) => message.recent === true).length;
    const all = this.messages.every((message) => message.recent !== undefined);
    const told = this.#recent;
    check(told === undefined || (all ? recent === told : recent <= told), `RECENT is ${told}, ${recent} are \\Recent`);
    this.knownModseq = this.#codeOfAnswer ?? Math.max(this.knownModseq, this.#greatestOfAnswer);
    this.#codeOfAnswer = undefined;
    this.#greatestOfAnswer = 0;
  }

  #code(rest: string, during: During): void {
    const [, name = '', value = ''] = /^\[([A-Z-]+)(?: ([^\]]*))?\]/.exec(rest) ?? [];
    this.#told.add(name);
    if (name === 'PERMANENTFLAGS') {
      this.#permanent = new Set(value.slice(1, -1).split(' ').filter(Boolean));
      for (const flag of this.#permanent) {
        check(flag === '\\*' || this.#flags?.has(flag), `PERMANENTFLAGS has ${flag}, FLAGS has not`);
      }
    } else if (name === 'HIGHESTMODSEQ') this.hearHighestModseq(Number(value));
    else if (name === 'UIDVALIDITY') {
      check(this.uidValidity === 0 && Number(value) > 0, 'UIDVALIDITY is told twice, or 0');
      this.uidValidity = Number(value);
    } else if (name === 'UIDNEXT') {
      const least = this.#leastUidNexts.get(this.uidValidity) ?? 1;
      this.uidNext = Number(value);
      check(this.uidNext >= least, `UIDNEXT is ${value}, UIDs up to ${least - 1} are known`);
      this.facts.given(this.uidValidity, Number(value) - 1);
    } else if (name === 'UNSEEN') {
      check(/SELECT|EXAMINE/.test(during.name) && !this.features.rev2, 'UNSEEN at the wrong time');
    }
  }

  #exists(count: number): void {
    check(count >= this.messages.length, `EXISTS went from ${this.messages.length} to ${count} without EXPUNGE`);
    while (this.messages.length < count) {
      this.messages.push({ uid: undefined, flags: undefined, recent: undefined, modseq: undefined });
    }
    this.#recent = undefined;
  }

  #mayExpunge(word: string, during: During): void {
    check(during.name !== '', `${word} while no command is under way`);
    check(!keepsNumbers.test(during.name) && !during.namesNumbers, `${word} during ${during.name}`);
  }

  #remove(at: number): void {
    const [{ uid, recent }] = this.messages.splice(at, 1);
    if (recent === undefined) this.#recent = undefined;
    else if (recent && this.#recent !== undefined) this.#recent--;
    if (uid !== undefined) this.facts.gone(this.uidValidity, uid);
  }

  #vanished(rest: string, during: During): void {
    check(this.features.qresync, 'VANISHED without QRESYNC');
    const earlier = /^\(EARLIER\) (.*)$/.exec(rest);
    if (earlier !== null) {
      check(/^(SELECT|EXAMINE|UID FETCH)$/.test(during.name), `VANISHED (EARLIER) during ${during.name}`);
      for (const uid of numbersOf(earlier[1])) {
        check(!this.messages.some((message) => message.uid === uid), `VANISHED (EARLIER) of ${uid}, which is there`);
        this.earlier.push(uid);
      }
      return;
    }
    this.#mayExpunge('VANISHED', during);
    for (const uid of numbersOf(rest)) {
      const at = this.#placeOf(uid);
      check(at !== -1, `VANISHED of ${uid}, which was not there`);
      this.messages[at].uid = uid;
      this.#remove(at);
    }
  }

  /** Of a message that has the UID, or may have it as its own is not known yet. */
  #placeOf(uid: number): number {
    const known = this.messages.findIndex((message) => message.uid === uid);
    if (known !== -1) return known;
    const above = this.messages.findIndex((message) => message.uid !== undefined && message.uid > uid);
    for (let at = (above === -1 ? this.messages.length : above) - 1; at >= 0; at--) {
      const here = this.messages[at].uid;
      if (here === undefined) return at;
      if (here < uid) return -1;
    }
    return -1;
  }

  /** @returns the message it is about */
  fetch(sequence: number, data: FetchData, during: During): KnownMessage {
    check(
      sequence >= 1 && sequence <= this.messages.length,
      `FETCH of ${sequence}, of ${this.messages.length} messages`,
    );
    const message = this.messages[sequence - 1];
    if (data.uid !== undefined) this.#learnUid(sequence, message, data.uid);
    check(data.uid !== undefined || !this.features.qresync, 'FETCH without UID after QRESYNC was enabled');
    if (data.flags !== undefined) {
      for (const flag of data.flags.split(' ')) {
        check(flag === '' || this.#flags?.has(flag), `FETCH has the flag ${flag}, which FLAGS has not announced`);
      }
      message.flags = data.flags;
      this.#learnRecent(message, data.recent === true);
    }
    if (data.modseq !== undefined) {
      check(during.condstore || during.enablesCondstore || this.features.condstore, 'MODSEQ without CONDSTORE');
      const before = message.modseq ?? 0;
      check(data.modseq >= before, `MODSEQ of ${message.uid} went back from ${before} to ${data.modseq}`);
      message.modseq = data.modseq;
      this.#greatestOfAnswer = Math.max(data.modseq, this.#greatestOfAnswer);
      this.greatestModseq = Math.max(data.modseq, this.greatestModseq);
    } else if (data.flags !== undefined) {
      // RFC 7162 §3.2: with every change that is told, though not with flags that were asked for.
      check(!during.condstore || /FETCH$/.test(during.name), `FETCH without MODSEQ during ${during.name}`);
    }
    if (message.uid !== undefined) {
      this.facts.fetched(this.uidValidity, message.uid, data);
      if (message.recent === true && !this.readOnly) this.facts.recent(this.uidValidity, message.uid, this);
    }
    return message;
  }

  /** RFC 3501 §2.3.2: it is as long as the mailbox is selected. */
  #learnRecent(message: KnownMessage, recent: boolean): void {
    check(!recent || !this.features.rev2, '\\Recent in IMAP4rev2');
    const before = message.recent ?? recent;
    check(before === recent, `UID ${message.uid} was ${before ? '' : 'not '}\\Recent, is${recent ? '' : ' not'}`);
    message.recent = recent;
  }

  #learnUid(sequence: number, message: KnownMessage, uid: number): void {
    check(message.uid === undefined || message.uid === uid, `UID of ${sequence} was ${message.uid}, is ${uid}`);
    for (let at = sequence - 2; at >= 0; at--) {
      const before = this.messages[at].uid;
      if (before === undefined) continue;
      check(before < uid, `UID ${uid} after ${before}`);
      break;
    }
    const after = this.messages[sequence]?.uid;
    check(after === undefined || after > uid, `UID ${uid} before ${after}`);
    message.uid = uid;
  }

  /** What a STORE with .SILENT has done to messages of which nothing was told. */
  applySilently(message: KnownMessage, sign: string, flags: readonly string[]): void {
    if (message.flags === undefined) return;
    const now = new Map((sign === '' ? '' : message.flags).split(' ').map((flag) => [flag.toLowerCase(), flag]));
    for (const flag of flags) {
      if (sign === '-') now.delete(flag.toLowerCase());
      else if (!now.has(flag.toLowerCase())) now.set(flag.toLowerCase(), flag);
    }
    message.flags = flagSet(now.values());
  }
}

export function check(condition: boolean | undefined, fault: string): asserts condition {
  if (condition !== true) throw new Error(fault);
}
