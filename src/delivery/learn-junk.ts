import { setTimeout as wait } from 'node:timers/promises';
import type { JunkFilters, MessageLesson } from '../junk/junk-filters.ts';
import { messageWords } from '../junk/message-words.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { QuietTurns } from '../runtime/quiet-turns.ts';
import { takeTurns } from '../runtime/take-turns.ts';
import type { Account } from '../store/account.ts';
import type { Accounts } from '../store/accounts.ts';
import { flagBits } from '../store/flags.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { ContentPlaces } from '../store/messages/message-reader.ts';
import { messageOrigins } from './message-origins.ts';

export interface MailboxesApart {
  /** For what was refused. */
  readonly rejects?: string | undefined;
  /** For senders that nothing is known of. */
  readonly introductions?: string | undefined;
}

export interface JunkLearnerOptions {
  readonly accounts: Pick<Accounts, 'open' | 'exists' | 'onChange'>;
  readonly filters: JunkFilters;
  /** Whether an account has a junk filter that is on. */
  readonly isOn: (account: string) => boolean;
  /** Mailboxes of an account that mail is put into by what was decided on it. */
  readonly mailboxesApartOf?: (account: string) => MailboxesApart;
  readonly log: Log;
  readonly metrics: Metrics;
  /** How long nothing may have changed before changes are learned from: whoever works on an account doesn't wait for it. */
  readonly delayMs?: number;
}

/** Changes looked at together. */
const atOnce = 100;
/** Messages learned from in one transaction: some 15 ms, after which mail goes on. */
const lessonsAtOnce = 10;

/**
 * Learns what is junk from what users do with their messages: it looks at what has changed in an account since it last looked, so that
 * nothing is missed after a crash, and nobody waits for it. One account at a time.
 */
export class JunkLearner implements AsyncDisposable {
  readonly #options: JunkLearnerOptions;
  /** Accounts that have changed. */
  readonly #waiting: QuietTurns;
  /** MODSEQ up to which accounts were looked through that have nothing to learn from yet, and no filter to note it. */
  readonly #unlearned = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #learned: { add(value: number, labels?: Record<string, string>): void };
  readonly #unlisten: () => void;
  #working: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: JunkLearnerOptions) {
    this.#options = options;
    this.#waiting = new QuietTurns({
      quietMs: options.delayMs ?? limits.junkLearnDelayMs,
      mostMs: limits.junkLearnMostMs,
    });
    this.#learned = options.metrics.counter(
      'restante_junk_lessons_total',
      'Messages that junk filters have learned from, by kind.',
    );
    this.#unlisten = options.accounts.onChange((account) => this.#changed(account));
  }

  /**
   * Learns from all that has changed in an account.
   * @param options.anew forgets what was learned before
   * @returns messages that count now
   */
  async learn(account: string, options: { anew?: boolean } = {}): Promise<{ ham: number; junk: number }> {
    const turn = this.#turn.then(() => this.#learn(account, options));
    this.#turn = turn.catch(() => {});
    return await turn;
  }

  async #learn(account: string, { anew = false }: { anew?: boolean }): Promise<{ ham: number; junk: number }> {
    const { filters } = this.#options;
    if (anew) await filters.startAnew(account);
    const since = (await filters.state(account))?.learnedModseq ?? (anew ? 0 : (this.#unlearned.get(account) ?? 0));
    await using opened = await this.#options.accounts.open(account);
    const { mailboxes, modseq } = await opened.read(async (reader) => {
      return { mailboxes: await reader.mailboxes.all(), modseq: await reader.modseq() };
    });
    for (const mailbox of mailboxes) {
      // What changes from here on is for the next time.
      if (mailbox.modseq > since) await this.#learnFrom(opened, mailbox.id, mailboxes, { since, upTo: modseq });
    }
    await filters.learnedUpTo(account, modseq);
    const state = await filters.state(account);
    if (state === undefined) this.#unlearned.set(account, modseq);
    else this.#unlearned.delete(account);
    return state?.learned ?? { ham: 0, junk: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unlisten();
    this.#closing.abort();
    await this.#working;
    await this.#turn;
  }

  #changed(account: string): void {
    if (this.#closing.signal.aborted || !this.#options.isOn(account)) return;
    this.#waiting.note(account, performance.now());
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    for (let next = this.#waiting.next(); next !== undefined && !signal.aborted; next = this.#waiting.next()) {
      const inMs = Math.ceil(next.at - performance.now());
      if (inMs > 0) {
        await wait(inMs, undefined, { signal }).catch(() => {});
        continue;
      }
      const account = next.name;
      this.#waiting.take(account);
      try {
        // It may have gone meanwhile.
        if (await this.#options.accounts.exists(account)) await this.learn(account);
      } catch (error) {
        if (!signal.aborted) this.#options.log.error({ err: error, account }, 'junk filter did not learn');
      }
    }
  }

  async #learnFrom(
    account: Account,
    mailboxId: number,
    mailboxes: readonly Mailbox[],
    { since, upTo }: { since: number; upTo: number },
  ): Promise<void> {
    let after = { modseq: since, uid: Number.MAX_SAFE_INTEGER };
    const others = takeTurns();
    for (;;) {
      await others();
      this.#closing.signal.throwIfAborted();
      const rows = await account.read((reader) => reader.changes.messagesAfter(mailboxId, after, atOnce));
      const changed = rows.filter(({ modseq }) => modseq <= upTo).map(({ contentId }) => contentId);
      if (changed.length > 0) await this.#learnContents(account, [...new Set(changed)], mailboxes);
      if (rows.length < atOnce || changed.length < rows.length) return;
      after = rows.at(-1)!;
    }
  }

  async #learnContents(account: Account, contentIds: readonly number[], mailboxes: readonly Mailbox[]): Promise<void> {
    const { filters } = this.#options;
    const contents = await account.read((reader) => reader.messages.placesOf(contentIds));
    const learned = await filters.learnedAs(account.name, contentIds);
    let lessons: MessageLesson[] = [];
    const give = async (): Promise<void> => {
      await filters.learn(account.name, lessons);
      for (const { isJunk } of lessons) this.#learned.add(1, { kind: isJunk ? 'junk' : 'ham' });
      lessons = [];
    };
    for (const content of contents) {
      const before = learned.get(content.contentId);
      const isJunk = judge(content, mailboxes, before, this.#options.mailboxesApartOf?.(account.name));
      if (isJunk === undefined || isJunk === before) continue;
      this.#closing.signal.throwIfAborted();
      const { contentId } = content;
      const words = await wordsOf(account, content);
      lessons.push({ contentId, isJunk, words, origins: await originsOf(account, contentId) });
      if (lessons.length === lessonsAtOnce) await give();
    }
    await give();
  }
}

async function originsOf(account: Account, contentId: number): Promise<string[]> {
  const [origin] = await account.read((reader) => reader.deliveries.originsOf([contentId]));
  return origin === undefined ? [] : [...messageOrigins(origin).values()].flat();
}

async function wordsOf(account: Account, content: ContentPlaces): Promise<Set<string>> {
  const structure = await account.read((reader) => reader.messages.structure(content.contentId));
  const size = content.prefix.length + content.fileSizeBytes;
  const pieces: Buffer[] = [];
  for await (const piece of account.contents.stream(content, 0, Math.min(size, limits.junkMessageBytes))) {
    pieces.push(piece as Buffer);
  }
  return messageWords(Buffer.concat(pieces), structure);
}

/**
 * What a user has said of a message by what was done with it.
 *
 * - The keywords $Junk and $NotJunk say it outright.
 * - Whoever moves a message to the mailbox for junk says that it is; whoever takes it out again, that it isn't. A message that was
 *   delivered there says nothing: a filter must not learn from its own verdict.
 * - Whoever answers, forwards or flags a message, or files it in a mailbox of their own, says that it isn't.
 * - So says whoever moves a message to the inbox that was put into the mailbox for introductions.
 * - The mailboxes for drafts, sent, deleted and refused mail say nothing. Whoever takes a refused message out of there says that it isn't junk.
 *
 * @param before how it counts now
 * @returns undefined: nothing new is known
 */
export function judge(
  content: Pick<ContentPlaces, 'places' | 'originalMailboxId' | 'isReceived' | 'isReject'>,
  mailboxes: readonly Mailbox[],
  before: boolean | undefined,
  { rejects, introductions }: MailboxesApart = {},
): boolean | undefined {
  const { places, originalMailboxId, isReceived, isReject } = content;
  // The last change counts.
  for (const { mailboxId, flagBits: bits } of [...places].sort((a, b) => b.modseq - a.modseq)) {
    const saidJunk = (bits & flagBits.$Junk) !== 0;
    const saidNotJunk = (bits & flagBits.$NotJunk) !== 0;
    if (saidJunk !== saidNotJunk) return saidJunk;
    const mailbox = mailboxes.find(({ id }) => id === mailboxId);
    if (mailbox === undefined || mailbox.specialUse.some((use) => silent.has(use))) continue;
    if (mailbox.name === rejects || (isReject && mailboxId === originalMailboxId)) continue;
    const wasPut = !isReceived || mailboxId !== originalMailboxId;
    if (mailbox.specialUse.includes('\\Junk')) {
      if (wasPut) return true;
      continue;
    }
    if (before === true) return false;
    if ((bits & (flagBits['\\Answered'] | flagBits['\\Flagged'] | flagBits.$Forwarded)) !== 0) return false;
    const original = mailboxes.find(({ id }) => id === originalMailboxId);
    const wasSetApart =
      isReject ||
      original?.specialUse.includes('\\Junk') === true ||
      (original !== undefined && original.name === introductions);
    if (wasPut && (mailbox.name !== 'Inbox' || (isReceived && wasSetApart))) return false;
  }
  return undefined;
}

const silent: ReadonlySet<string> = new Set(['\\Drafts', '\\Sent', '\\Trash']);
