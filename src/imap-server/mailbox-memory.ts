import type { Account } from '../store/account.ts';
import { SharedUids } from './shared-uids.ts';

/** Says which mailbox is meant: a name, or what was opened under it, may be another tomorrow. */
export interface MailboxIdentity {
  readonly account: Pick<Account, 'identity'>;
  readonly id: number;
  readonly uidValidity: number;
}

/** Things remembered: of those of small mailboxes the bytes are next to nothing, and all that is around them is not. */
const mostThings = 20_000;

/** Something that is known of a mailbox's messages, and can be read again. */
export interface Remembered {
  /** Memory that it takes, roughly. */
  readonly sizeBytes: number;
}

/** Tells what is remembered apart: the class, and a name where there are several of it. */
type Kind<Thing extends Remembered> = abstract new (...values: never[]) => Thing;

/**
 * What a server knows of messages from one command to the next, for all sessions: the next soon asks the same. Of each mailbox one thing of
 * a kind; when memory is full, those go that were used least recently. What it holds changes by {@link remember} only, or grows and is
 * remembered again.
 */
export class MailboxMemory {
  readonly sharedUids = new SharedUids();
  /** Of one thing: half of all memory. */
  readonly largestBytes: number;
  readonly #limitBytes: number;
  /** What was used last is last. */
  readonly #things = new Map<string, { readonly thing: Remembered; readonly sizeBytes: number }>();
  /** Numbers of accounts that are open, by what tells them from all others. */
  readonly #accountNumbers = new WeakMap<object, number>();
  #lastAccount = 0;
  #sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.largestBytes = limitBytes / 2;
  }

  /** Of all that is remembered. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  recall<Thing extends Remembered>(mailbox: MailboxIdentity, kind: Kind<Thing>, name = ''): Thing | undefined {
    const key = this.#keyOf(mailbox, kind, name);
    const known = this.#things.get(key);
    if (known === undefined) return undefined;
    this.#things.delete(key);
    this.#things.set(key, known);
    return known.thing instanceof kind ? known.thing : undefined;
  }

  /** Remembers something instead of what was known of its kind. What is too large leaves nothing. */
  remember<Thing extends Remembered>(mailbox: MailboxIdentity, kind: Kind<Thing>, thing: Thing, name = ''): void {
    const key = this.#keyOf(mailbox, kind, name);
    this.#forget(key);
    const { sizeBytes } = thing;
    if (sizeBytes > this.largestBytes) return;
    this.#things.set(key, { thing, sizeBytes });
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#things.keys()) {
      if (this.#sizeBytes <= this.#limitBytes && this.#things.size <= mostThings) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const known = this.#things.get(key);
    if (known === undefined) return;
    this.#sizeBytes -= known.sizeBytes;
    this.#things.delete(key);
  }

  #keyOf({ account, id, uidValidity }: MailboxIdentity, kind: Kind<Remembered>, name: string): string {
    let number = this.#accountNumbers.get(account.identity);
    if (number === undefined) {
      number = ++this.#lastAccount;
      this.#accountNumbers.set(account.identity, number);
    }
    return `${number}/${id}/${uidValidity}/${kind.name}/${name}`;
  }
}
