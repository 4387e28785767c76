import type { Log } from '../../runtime/log.ts';
import type { AccountDatabase } from '../account-database.ts';

/** Claims are gathered so long before they are written down. */
const delayMs = 5_000;

/**
 * Which messages some session was told of first. Nobody waits for a claim to be durable: after a crash the messages claimed last are
 * new to one more session, which RFC 3501 allows.
 * Source: RFC 3501 §2.3.2 (\Recent)
 */
export class RecentClaims {
  readonly #database: AccountDatabase;
  readonly #log: Log;
  /** Of each mailbox the first UID that was not claimed, where that may be above the one in its row. */
  readonly #firsts = new Map<number, number>();
  #unwritten = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: { database: AccountDatabase; log: Log }) {
    this.#database = options.database;
    this.#log = options.log;
  }

  /** @param stored `recentUid` of the mailbox, however old. @returns the first UID that nobody has claimed */
  first(mailboxId: number, stored: number): number {
    return Math.max(this.#firsts.get(mailboxId) ?? 1, stored);
  }

  /**
   * Claims all messages below a UID that nobody has claimed before.
   * @param end a UID at most UIDNEXT
   * @returns the first of the UIDs claimed, which go on to before `end`; undefined if there are none
   */
  claim(mailboxId: number, stored: number, end: number): number | undefined {
    const first = this.first(mailboxId, stored);
    if (end <= first) return undefined;
    this.#firsts.set(mailboxId, end);
    this.#unwritten.add(mailboxId);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, delayMs).unref();
    return first;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    await this.#write();
  }

  async #write(): Promise<void> {
    await this.#running;
    if (this.#unwritten.size === 0) return;
    const mailboxes = [...this.#unwritten].map((id) => ({ id, recentUid: this.#firsts.get(id)! }));
    this.#unwritten = new Set();
    this.#running = this.#database.write('noteRecent', { mailboxes }).catch((error: unknown) => {
      // As after a crash: they are new once more when the account is opened again, unless something is claimed after them.
      this.#log.warn({ err: error }, 'Cannot note which messages clients were told of: they will be \\Recent again');
    });
    await this.#running;
    this.#running = undefined;
  }
}
