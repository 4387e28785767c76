import { setTimeout as wait } from 'node:timers/promises';
import { ImapConnectionError, ImapLoginError, ImapRefusedError } from '../imap-client/imap-client-error.ts';
import type { ImapSession } from '../imap-client/imap-session.ts';
import { limits } from '../runtime/limits.ts';

/** A login that was taken before may be refused while the server counts connections that are gone. Not often: accounts get locked. */
const loginFailures = 2;

export interface SourceConnectionOptions {
  open(): Promise<ImapSession>;
  readonly signal: AbortSignal;
  /** Told before it is waited. */
  onLost(error: Error, waitMs: number): void;
  /** A login that was refused may be tried again: not with tokens, which end. */
  readonly retriesLogin: boolean;
  readonly firstWaitMs?: number | undefined;
}

/** The connection to the source: opened anew when it breaks, until several in a row have brought nothing. */
export class SourceConnection implements AsyncDisposable {
  readonly #options: SourceConnectionOptions;
  #session: ImapSession | undefined;
  #hasWorked = false;
  #failures = 0;
  #loginFailures = 0;

  constructor(options: SourceConnectionOptions) {
    this.#options = options;
  }

  /** Something has come that needs not come again. */
  progressed(): void {
    this.#failures = 0;
    this.#loginFailures = 0;
  }

  /**
   * Does something with a session; once more with a new one when the connection breaks.
   * @param work goes on from where it was
   * @throws the last error; at once when not even the first connection works
   */
  async use<Result>(work: (session: ImapSession) => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        this.#session ??= await this.#options.open();
        this.#hasWorked = true;
        return await work(this.#session);
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (!this.#mayRetry(error)) throw error;
        this.#session?.destroy();
        this.#session = undefined;
        const { firstWaitMs = limits.importFirstWaitMs } = this.#options;
        const waitMs = Math.min(firstWaitMs * 2 ** (this.#failures - 1), limits.importLongestWaitMs);
        this.#options.onLost(error as Error, waitMs);
        await wait(waitMs, undefined, { signal: this.#options.signal }).catch(() => {});
        this.#options.signal.throwIfAborted();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
  }

  #mayRetry(error: unknown): boolean {
    if (!this.#hasWorked) return false;
    if (error instanceof ImapLoginError) {
      if (!this.#options.retriesLogin || ++this.#loginFailures > loginFailures) return false;
    } else if (error instanceof ImapRefusedError) {
      if (!error.isTemporary) return false;
    } else if (!(error instanceof ImapConnectionError)) return false;
    return ++this.#failures < limits.importConnections;
  }
}
