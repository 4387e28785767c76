import type { Clock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import { SmtpError } from '../../smtp/smtp-error.ts';
import type { Decision, DecisionStep } from './decision.ts';

interface Count {
  messages: number;
  bytes: number;
}

/**
 * Bounds what strangers may send to one account in a minute and an hour, from wherever: whoever wants to drown somebody's mail has many
 * addresses. Those that the user knows get through; all others are told to try again later, so that nothing is lost.
 */
export function accountRate({ clock }: { clock: Clock }): DecisionStep {
  const windows = [
    new Window(clock, 60_000, limits.strangersPerMinute, limits.strangerBytesPerMinute),
    new Window(clock, 3_600_000, limits.strangersPerHour, limits.strangerBytesPerHour),
  ];
  return async ({ message, account }): Promise<Decision | undefined> => {
    const bytes = message.file.sizeBytes;
    if (windows.every((window) => window.hasRoom(account.name, bytes))) {
      for (const window of windows) window.count(account.name, bytes);
      return undefined;
    }
    const error = new SmtpError(452, '4.7.28', 'The mailbox gets too much mail from strangers, try again later');
    return { action: 'refuse', reason: 'account-rate', error };
  };
}

/** Counts in a fixed window; the counts, of accounts of this server only, are dropped when the next begins. */
class Window {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #messages: number;
  readonly #bytes: number;
  #number = -1;
  #counts = new Map<string, Count>();

  constructor(clock: Clock, ms: number, messages: number, bytes: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#messages = messages;
    this.#bytes = bytes;
  }

  /** A first message has room, however large: it must get through some time. */
  hasRoom(account: string, bytes: number): boolean {
    const { messages, bytes: before } = this.#of(account);
    return messages === 0 || (messages < this.#messages && before + bytes <= this.#bytes);
  }

  count(account: string, bytes: number): void {
    const count = this.#of(account);
    count.messages++;
    count.bytes += bytes;
    this.#counts.set(account, count);
  }

  #of(account: string): Count {
    const number = Math.floor(this.#clock.now() / this.#ms);
    if (number !== this.#number) {
      this.#number = number;
      this.#counts = new Map();
    }
    return this.#counts.get(account) ?? { messages: 0, bytes: 0 };
  }
}
