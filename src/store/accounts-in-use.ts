import type { Log } from '../runtime/log.ts';
import type { SharedAccount } from './shared-account.ts';

export interface AccountsInUseOptions {
  readonly open: (name: string) => Promise<SharedAccount>;
  /** How many stay open though nobody uses them. */
  readonly idleAccounts: number;
  readonly log: Log;
}

/** The accounts that are open. An account is opened, closed or replaced by one at a time; all else that needs it waits. */
export class AccountsInUse implements AsyncDisposable {
  readonly #options: AccountsInUseOptions;
  readonly #open = new Map<string, SharedAccount>();
  /** The opening, closing or removing of an account under way: all else waits for it. */
  readonly #changes = new Map<string, Promise<unknown>>();
  /** Open accounts that nobody uses, the longest unused first. */
  readonly #idle = new Set<SharedAccount>();
  #closed = false;

  constructor(options: AccountsInUseOptions) {
    this.#options = options;
  }

  get(name: string): SharedAccount | undefined {
    return this.#open.get(name);
  }

  /** For one more user, opened if need be. */
  async take(name: string): Promise<SharedAccount> {
    let shared = this.#usable(name);
    while (shared === undefined) {
      if (this.#closed) throw new TypeError(`Cannot open account "${name}": the store is closed`);
      if (this.isChanging(name)) await this.changed(name);
      else {
        await this.change(name, async () => {
          await this.open(name);
        });
      }
      shared = this.#usable(name);
    }
    shared.users++;
    this.#idle.delete(shared);
    return shared;
  }

  /** A user is done with it. */
  async giveUp(shared: SharedAccount): Promise<void> {
    shared.users--;
    if (shared.users > 0 || this.#closed) return;
    this.#idle.add(shared);
    if (this.#idle.size <= this.#options.idleAccounts) return;
    const [oldest] = this.#idle;
    if (this.isChanging(oldest!.name)) return;
    try {
      await this.change(oldest!.name, () => this.close(oldest!));
    } catch (error) {
      // No failure of whoever gives up an account: what it did is done. The next opening clears up what closing would have.
      this.#options.log.error({ err: error, account: oldest!.name }, 'Cannot close an idle account in order');
    }
  }

  isChanging(name: string): boolean {
    return this.#changes.has(name);
  }

  /** Waits for the change under way, however it ends. The next one may have begun then. */
  async changed(name: string): Promise<void> {
    await this.#changes.get(name)?.catch(() => {});
  }

  /** Opens, closes or replaces an account that is not changing. */
  async change(name: string, change: () => Promise<void>): Promise<void> {
    const running = change();
    this.#changes.set(name, running);
    try {
      await running;
    } finally {
      this.#changes.delete(name);
    }
  }

  /** In a change. */
  async open(name: string): Promise<SharedAccount> {
    const shared = await this.#options.open(name);
    this.#open.set(name, shared);
    return shared;
  }

  /** In a change. */
  async close(shared: SharedAccount): Promise<void> {
    this.#idle.delete(shared);
    this.#open.delete(shared.name);
    await shared.close();
  }

  /** Closes all, also those that somebody uses. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    while (this.#changes.size > 0) await Promise.allSettled(this.#changes.values());
    const results = await Promise.allSettled([...this.#open.values()].map((shared) => this.close(shared)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #usable(name: string): SharedAccount | undefined {
    return this.isChanging(name) ? undefined : this.#open.get(name);
  }
}
