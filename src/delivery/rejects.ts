import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Account } from '../store/account.ts';
import type { AccountReader } from '../store/account-reader.ts';
import { flagBits } from '../store/flags.ts';
import type { NewMessage } from '../store/messages/new-message.ts';
import type { Reason } from './decision/decision.ts';

export interface RejectsSettings {
  readonly mailbox: string;
  /** Whether they stay until the user deletes them. */
  readonly forever: boolean;
}

/** Not kept: floods, which are refused to keep mailboxes from being filled. */
const notKept: ReadonlySet<Reason> = new Set(['account-rate']);

/**
 * The mailboxes in which users find what was refused. Each message is there once, however often it is sent again, read already, for a limited
 * time, and not any longer once it has arrived after all. Nothing in here fails: whether a message is refused or stored does not depend on it.
 */
export class Rejects {
  readonly #settingsOf: (account: string) => RejectsSettings | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #most: { readonly messages: number; readonly bytes: number };
  /** When the mailboxes of accounts were tidied last. */
  readonly #tidiedAt = new Map<string, number>();

  constructor(options: {
    settingsOf: (account: string) => RejectsSettings | undefined;
    clock: Clock;
    log: Log;
    /** What is kept in one mailbox; default `limits.rejects` and `limits.rejectsBytes`. */
    most?: { readonly messages: number; readonly bytes: number };
  }) {
    this.#settingsOf = options.settingsOf;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#most = options.most ?? { messages: limits.rejects, bytes: limits.rejectsBytes };
  }

  /** @param message as it would have been stored, in the mailbox that it was for */
  async keep(
    open: () => Promise<Account>,
    reason: Reason,
    message: NewMessage & { readonly mailbox: string },
    accountName: string,
  ): Promise<void> {
    const settings = this.#settingsOf(accountName);
    if (settings === undefined || notKept.has(reason) || message.file.sizeBytes > limits.rejectBytes) return;
    try {
      await using account = await open();
      const known = await account.read(async (reader) => await rejectsLike(reader, settings.mailbox, message.file));
      if (known.uids.length > 0) return;
      await account.messages.add({
        ...message,
        mailbox: settings.mailbox,
        createMissing: true,
        flags: { bits: flagBits['\\Seen'], keywords: [] },
        reception: { ...message.reception, isReject: true },
        destinedMailbox: message.mailbox,
      });
      await this.#tidy(account, settings);
    } catch (error) {
      this.#log.warn({ err: error, account: accountName }, 'refused message not kept');
    }
  }

  /** A message was stored: what was refused of it before is not needed any more. */
  async arrived(account: Account, file: NewMessage['file']): Promise<void> {
    const settings = this.#settingsOf(account.name);
    if (settings === undefined || settings.forever) return;
    try {
      const { mailboxId, uids } = await account.read((reader) => rejectsLike(reader, settings.mailbox, file));
      if (mailboxId === undefined) return;
      if (uids.length > 0) await account.messages.expunge(mailboxId, uids, 'all');
      await this.#tidy(account, settings);
    } catch (error) {
      this.#log.warn({ err: error, account: account.name }, 'refused message that has arrived after all not removed');
    }
  }

  /** Removes what is too old, now and then, and at once what is too many. */
  async #tidy(account: Account, { mailbox: name, forever }: RejectsSettings): Promise<void> {
    if (forever) return;
    const now = this.#clock.now();
    const mailbox = await account.read((reader) => reader.mailboxes.named(name));
    if (mailbox === undefined) return;
    const isDue = now - (this.#tidiedAt.get(account.name) ?? Number.NEGATIVE_INFINITY) >= limits.rejectsTidyMs;
    const isFull = mailbox.messages > this.#most.messages || mailbox.sizeBytes > this.#most.bytes;
    if (!isFull && !isDue) return;
    this.#tidiedAt.set(account.name, now);
    const most = { ...this.#most, savedSince: now - limits.rejectsMs };
    const uids = await account.read((reader) => reader.deliveries.rejectsBeyond(mailbox.id, most));
    if (uids.length > 0) await account.messages.expunge(mailbox.id, uids, 'all');
  }
}

async function rejectsLike(
  reader: AccountReader,
  name: string,
  file: NewMessage['file'],
): Promise<{ mailboxId: number | undefined; uids: number[] }> {
  const mailbox = await reader.mailboxes.named(name);
  if (mailbox === undefined) return { mailboxId: undefined, uids: [] };
  return { mailboxId: mailbox.id, uids: await reader.deliveries.rejectsLike(mailbox.id, file) };
}
