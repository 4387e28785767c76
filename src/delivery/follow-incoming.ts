import { setTimeout as wait } from 'node:timers/promises';
import { headerValues, splitHeader } from '../message/header-fields.ts';
import type { MessageStructure } from '../message/structure.ts';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import { takeTurns } from '../runtime/take-turns.ts';
import type { Account } from '../store/account.ts';
import type { Accounts } from '../store/accounts.ts';
import type { ContentPlaces } from '../store/messages/message-reader.ts';

/** A message that was delivered to an account. */
export interface DeliveredMessage {
  /** Of the account, never used twice: a message that is moved or copied keeps it. */
  readonly contentId: number;
  readonly mailbox: string;
  readonly uid: number;
  readonly receivedAt: number;
  readonly sizeBytes: number;
  /** Empty for the null sender. */
  readonly mailFrom: string;
  readonly rcptTo: string;
  structure(): Promise<MessageStructure>;
  /** Its first bytes, prefix included. */
  content(limitBytes: number): Promise<Buffer>;
}

export interface FollowIncomingOptions {
  readonly accounts: Pick<Accounts, 'open' | 'exists' | 'onChange'>;
  /** What is wanted of an account: all deliveries, or those from the null sender. */
  readonly interestIn: (account: string) => 'all' | 'notices' | undefined;
  /** MODSEQ up to which an account was looked through, when that was written down. Asked only where all deliveries are wanted. */
  readonly lookedUpTo: (account: string) => Promise<number | undefined>;
  /**
   * Takes deliveries, in the order of their arrival in a mailbox. After a crash, or when a message is moved, the same may come again:
   * `contentId` tells.
   */
  readonly take: (account: string, messages: readonly DeliveredMessage[]) => Promise<void>;
  /** All deliveries of an account up to a MODSEQ were taken. Called only where all are wanted. */
  readonly advance: (account: string, modseq: number) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly delayMs?: number;
}

/** Messages looked at together. */
const atOnce = 100;

/** A message that comes into a mailbox longer after its reception was not delivered but moved, copied or restored. */
export const deliveredWithinMs = 3 * 24 * 60 * 60 * 1000;

/**
 * Finds out what is delivered to accounts from what has changed in them since it last looked: so nobody waits for it, and what a crash
 * came before is found afterwards. One account at a time.
 */
export class IncomingFollower implements AsyncDisposable {
  readonly #options: FollowIncomingOptions;
  readonly #startedAt: number;
  readonly #waiting = new Set<string>();
  readonly #lookedUpTo = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #unlisten: () => void;
  #working: Promise<void> | undefined;

  constructor(options: FollowIncomingOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#unlisten = options.accounts.onChange((account) => this.look(account));
  }

  /** Looks soon whether something was delivered to an account. */
  look(account: string): void {
    if (this.#closing.signal.aborted || this.#options.interestIn(account) === undefined) return;
    this.#waiting.add(account);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unlisten();
    this.#closing.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    const { log, accounts, delayMs } = this.#options;
    while (this.#waiting.size > 0 && !signal.aborted) {
      await wait(delayMs ?? limits.incomingFollowDelayMs, undefined, { signal }).catch(() => {});
      for (const account of [...this.#waiting]) {
        if (signal.aborted) return;
        this.#waiting.delete(account);
        try {
          // It may have gone meanwhile.
          if (await accounts.exists(account)) await this.#lookThrough(account);
        } catch (error) {
          if (!signal.aborted)
            log.error({ err: error, account }, 'deliveries not looked at: the next one is tried again');
        }
      }
    }
  }

  async #lookThrough(name: string): Promise<void> {
    const interest = this.#options.interestIn(name);
    if (interest === undefined) return;
    await using account = await this.#options.accounts.open(name);
    const { mailboxes, modseq } = await account.read(async (reader) => ({
      mailboxes: await reader.mailboxes.all(),
      modseq: await reader.modseq(),
    }));
    const known = this.#lookedUpTo.get(name) ?? (interest === 'all' ? await this.#options.lookedUpTo(name) : undefined);
    const since = known ?? Math.max(0, modseq - limits.incomingLookBack);
    // What was written down long ago is from a time when deliveries were wanted before.
    const recent = this.#options.clock.now() - deliveredWithinMs;
    const notBefore = known === undefined ? this.#startedAt : recent;
    for (const mailbox of mailboxes) {
      // What comes from here on is for the next time.
      if (mailbox.modseq > since) await this.#lookInto(account, mailbox, interest, { since, upTo: modseq, notBefore });
    }
    if (interest === 'all') await this.#options.advance(name, modseq);
    this.#lookedUpTo.set(name, modseq);
  }

  async #lookInto(
    account: Account,
    mailbox: { readonly id: number; readonly name: string },
    interest: 'all' | 'notices',
    { since, upTo, notBefore }: { since: number; upTo: number; notBefore: number },
  ): Promise<void> {
    const others = takeTurns();
    for (let after = { modseq: since, uid: Number.MAX_SAFE_INTEGER }; ; ) {
      await others();
      this.#closing.signal.throwIfAborted();
      const { changed, rows, contents } = await account.read(async (reader) => {
        const changed = await reader.changes.messagesAfter(mailbox.id, after, atOnce);
        const uids = changed.map(({ uid }) => uid).sort((one, other) => one - other);
        const columns = ['contentId', 'createSeq', 'receivedAt', 'savedAt', 'sizeBytes'] as const;
        const all = await reader.messages.rows(mailbox.id, uids, undefined, undefined, { columns });
        const rows = all
          .filter(({ createSeq, savedAt }) => createSeq > since && createSeq <= upTo && savedAt >= notBefore)
          .filter(({ savedAt, receivedAt }) => savedAt - receivedAt < deliveredWithinMs);
        const contents =
          rows.length === 0 ? [] : await reader.messages.placesOf(rows.map(({ contentId }) => contentId));
        return { changed, rows, contents };
      });
      const byId = new Map(contents.map((content) => [content.contentId, content]));
      const delivered = rows.flatMap((row) => {
        const content = byId.get(row.contentId);
        const envelope = content === undefined ? undefined : envelopeOf(content.prefix);
        if (content === undefined || envelope === undefined) return [];
        if (interest === 'notices' && envelope.mailFrom !== '') return [];
        return [{ ...row, ...envelope, mailbox: mailbox.name, ...readersOf(account, content) }];
      });
      if (delivered.length > 0) await this.#options.take(account.name, delivered);
      const last = changed.at(-1);
      if (last === undefined || changed.length < atOnce || last.modseq > upTo) return;
      after = last;
    }
  }
}

/** From the fields that delivery puts before a message; a message that a user put there has none (RFC 5321 §4.4). */
function envelopeOf(prefix: Uint8Array): { mailFrom: string; rcptTo: string } | undefined {
  const text = Buffer.from(prefix).toString('latin1');
  if (!text.startsWith('Return-Path: <')) return undefined;
  const fields = splitHeader(text);
  const first = (name: string): string => {
    return Buffer.from(headerValues(text, fields, name)[0] ?? '', 'latin1').toString();
  };
  // Delivered-To names the address as it is configured, the Received field of this server what it was asked for.
  const asked = /\sfor <([^<>\s]{1,320})>/.exec(first('received'))?.[1];
  return { mailFrom: first('return-path').replace(/^<|>$/g, ''), rcptTo: asked ?? first('delivered-to') };
}

function readersOf(account: Account, content: ContentPlaces): Pick<DeliveredMessage, 'structure' | 'content'> {
  return {
    structure: () => account.read((reader) => reader.messages.structure(content.contentId)),
    async content(limitBytes) {
      const end = Math.min(content.prefix.length + content.fileSizeBytes, limitBytes);
      return Buffer.concat(await Array.fromAsync(account.contents.stream(content, 0, end) as AsyncIterable<Buffer>));
    },
  };
}
