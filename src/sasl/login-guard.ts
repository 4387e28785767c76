import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import { KeyLimit, RateLimit } from '../runtime/rate-limit.ts';

export interface LoginGuardOptions {
  readonly clock: Clock;
  /** Failed logins of address ranges. Default: in a minute and a day, those of `limits`. */
  readonly failedLogins?: readonly RateLimit[];
  /** Failed logins of one account in an hour, from wherever. */
  readonly failedLoginsPerAccount?: number;
  /** How long the answer to the first failed login of an address waits; to the next, twice as long, and so on. */
  readonly delayMs?: number;
  /** Whose a login is. Other logins count by themselves. */
  readonly accountForLogin?: (login: string) => string | undefined;
  /** Whether an account was logged in to from an address lately. */
  readonly isKnown?: (account: string, address: string) => Promise<boolean>;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Delays grow no further. */
const mostDelays = 5;

/**
 * Keeps passwords from being guessed, at all services together: by failures of an address and its networks, which have to wait and then
 * may not try at all; and by failures of an account from many addresses, after which its password is good only where it was used before.
 * App passwords and certificates, which nobody can guess, are good everywhere still.
 *
 * Nothing here tells whether a login exists, or a password was right: both are answered alike.
 */
export class LoginGuard {
  readonly #options: LoginGuardOptions;
  readonly #addresses: readonly RateLimit[];
  /** For the delays. */
  readonly #recent: KeyLimit;
  readonly #accounts: KeyLimit;
  /** Apart, as there is no end to them: accounts must not get into the count that the last ones share. */
  readonly #otherLogins: KeyLimit;
  readonly #delayMs: number;

  constructor(options: LoginGuardOptions) {
    const { clock } = options;
    this.#options = options;
    this.#delayMs = options.delayMs ?? limits.failedLoginDelayMs;
    this.#addresses = options.failedLogins ?? [
      new RateLimit({ clock, windowMs: minuteMs, limits: limits.failedLoginsPerMinute }),
      new RateLimit({ clock, windowMs: dayMs, limits: limits.failedLoginsPerDay }),
    ];
    this.#recent = new KeyLimit({ clock, windowMs: minuteMs, limit: mostDelays });
    const limit = options.failedLoginsPerAccount ?? limits.failedLoginsPerAccount;
    this.#accounts = new KeyLimit({ clock, windowMs: hourMs, limit });
    this.#otherLogins = new KeyLimit({ clock, windowMs: hourMs, limit });
  }

  /** Whether an address may try a password. */
  mayTry(address: string): boolean {
    return this.#addresses.every((each) => each.allows(address));
  }

  /**
   * Whether the outcome of trying a password counts, and may be told: to be asked when it is known, also when it was wrong.
   * @param login undefined: the client didn't get that far
   */
  async admits(address: string, login: string | undefined): Promise<boolean> {
    if (login === undefined) return true;
    const account = this.#options.accountForLogin?.(login);
    const isAllowed = account === undefined ? this.#otherLogins.allows(keyOf(login)) : this.#accounts.allows(account);
    if (isAllowed) return true;
    return account !== undefined && (await this.#options.isKnown?.(account, address)) === true;
  }

  /** Counts a failed login. @returns how long its answer is to wait */
  failed(address: string, login: string | undefined): number {
    for (const each of this.#addresses) each.add(address);
    if (login !== undefined) {
      // An account has several logins: they count as one.
      const account = this.#options.accountForLogin?.(login);
      if (account === undefined) this.#otherLogins.add(keyOf(login));
      else this.#accounts.add(account);
    }
    this.#recent.add(address);
    return this.#delayMs * this.#recent.count(address);
  }
}

function keyOf(login: string): string {
  return login.slice(0, limits.loginCharacters).toLowerCase();
}
