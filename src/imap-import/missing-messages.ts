import type { ImapConnectionError } from '../imap-client/imap-client-error.ts';
import { limits } from '../runtime/limits.ts';
import type { WantedMessage } from './wanted-messages.ts';

/** Messages of one mailbox that don't come: they must not keep the others from coming. */
export class MissingMessages {
  readonly #onSkipped: (message: WantedMessage, reason: string) => void;
  /** How often a connection broke at each. */
  readonly #failures = new Map<number, number>();
  readonly #skipped = new Set<number>();

  constructor(onSkipped: (message: WantedMessage, reason: string) => void) {
    this.#onSkipped = onSkipped;
  }

  /** Lowest UID of those left out; infinite when there are none. */
  get firstSkipped(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const uid of this.#skipped) first = Math.min(first, uid);
    return first;
  }

  isSkipped(uid: number): boolean {
    return this.#skipped.has(uid);
  }

  /** A connection broke when it was to come. */
  isSuspect(uid: number): boolean {
    return this.#failures.has(uid);
  }

  /** The connection broke when this message was to come next. */
  blame(message: WantedMessage, error: ImapConnectionError): void {
    const failures = (this.#failures.get(message.uid) ?? 0) + 1;
    this.#failures.set(message.uid, failures);
    if (failures > limits.importMessageFailures) this.skip(message, `the connection breaks at it: ${error.message}`);
  }

  skip(message: WantedMessage, reason: string): void {
    if (this.#skipped.has(message.uid)) return;
    this.#skipped.add(message.uid);
    this.#onSkipped(message, reason);
  }
}
