import { isLoopback } from '../../runtime/address-range.ts';
import type { Clock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { Credential } from '../../sasl/server-mechanism.ts';
import { LoginRevokedError, TooManySessionsError } from './session-error.ts';

/** Why a session is ended that its client would have gone on with. */
export type EndReason = 'administrator' | 'credential' | 'account';

/** What of a session changes. */
export interface SessionState {
  /** What the client says it is: IMAP ID, EHLO. */
  readonly client: string | undefined;
  readonly mailbox: string | undefined;
  /** The command under way, or `waiting` for one. */
  readonly state: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A session that is logged in, as its server tells of it. */
export interface OpenSession {
  readonly protocol: 'imap' | 'submission';
  readonly account: string;
  readonly login: string;
  readonly mechanism: string;
  /** What let it in; undefined: the account's own password. */
  readonly credential: Credential | undefined;
  readonly remoteAddress: string;
  look(): SessionState;
  /** Tells the client and closes: at once, or when the command under way is done, which must not take long. */
  end(reason: EndReason): void;
}

/** As people are shown it. */
export interface SessionRecord extends SessionState {
  readonly id: number;
  readonly protocol: string;
  readonly account: string;
  readonly login: string;
  readonly mechanism: string;
  /** Name of the app password or certificate. */
  readonly credential: string | undefined;
  readonly remoteAddress: string;
  /** Milliseconds. */
  readonly since: number;
}

interface Entry {
  readonly id: number;
  readonly session: OpenSession;
  readonly since: number;
  /** Sessions from this machine are not: a web mail program's are all from here. */
  readonly counted: boolean;
}

interface Revocation {
  readonly at: number;
  isOf(session: OpenSession): boolean;
}

/**
 * The sessions of all servers that are logged in: counted for each account and protocol, listed, and ended when what let them in is no
 * more. A login that was checked before such a change and is done after it does not get in.
 */
export class OpenSessions {
  readonly #clock: Clock;
  readonly #mayLogIn: (account: string) => boolean;
  readonly #perAccount: number;
  readonly #ended: (reason: string) => void;
  readonly #entries = new Map<number, Entry>();
  readonly #counts = new Map<string, number>();
  #revocations: Revocation[] = [];
  /** Logins that began before this are not known to be unaffected. */
  #forgottenUntil = 0;
  #changes = 0;
  #lastId = 0;

  constructor(options: {
    clock: Clock;
    metrics?: Metrics;
    /** Whether an account may be logged in to now, whatever its password. */
    mayLogIn?: (account: string) => boolean;
    /** At one protocol. */
    sessionsPerAccount?: number;
  }) {
    this.#clock = options.clock;
    this.#mayLogIn = options.mayLogIn ?? (() => true);
    this.#perAccount = options.sessionsPerAccount ?? limits.sessionsPerAccount;
    const { metrics } = options;
    const ended = metrics?.counter('restante_sessions_ended_total', 'Sessions that the server has ended, by reason');
    this.#ended = (reason) => ended?.add(1, { reason });
    const open = metrics?.gauge('restante_sessions_open', 'Sessions that are logged in, by protocol');
    metrics?.onCollect(() => {
      for (const protocol of ['imap', 'submission']) open?.set(this.#countOf(protocol), { protocol });
    });
  }

  /** To be called before a login is checked, and handed to `open`. */
  mark(): number {
    return this.#changes;
  }

  /**
   * Takes a session in that was let in.
   * @returns what is to be called at its end
   * @throws TooManySessionsError, LoginRevokedError
   */
  open(session: OpenSession, mark: number): () => void {
    const { account, protocol } = session;
    const isRevoked = this.#revocations.some((each) => each.at > mark && each.isOf(session));
    if (isRevoked || mark < this.#forgottenUntil || !this.#mayLogIn(account)) throw new LoginRevokedError(account);
    const counted = !isLoopback(session.remoteAddress);
    const key = `${protocol} ${account}`;
    const count = this.#counts.get(key) ?? 0;
    if (counted && count >= this.#perAccount) throw new TooManySessionsError(account, this.#perAccount);
    if (counted) this.#counts.set(key, count + 1);
    const id = ++this.#lastId;
    this.#entries.set(id, { id, session, since: this.#clock.now(), counted });
    return () => {
      if (!this.#entries.delete(id) || !counted) return;
      const left = this.#counts.get(key)! - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    };
  }

  /** The longest open first. @param filter.account undefined: of all */
  list(filter: { account?: string | undefined; limit: number }): { sessions: SessionRecord[]; total: number } {
    const { account, limit } = filter;
    const found = [...this.#entries.values()].filter(
      ({ session }) => account === undefined || session.account === account,
    );
    return { sessions: found.slice(0, limit).map(toRecord), total: found.length };
  }

  /** @returns false when there is none of that id */
  end(id: number): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#end(entry, 'administrator');
    return true;
  }

  /**
   * Ends what was let in by something that is no more.
   * @param credentialId of an app password or certificate; undefined: the account's own password
   */
  revoke(account: string, credentialId: string | undefined): void {
    const isOf = (session: OpenSession): boolean =>
      session.account === account && session.credential?.id === credentialId;
    this.#revocations.push({ at: ++this.#changes, isOf });
    if (this.#revocations.length > limits.rememberedRevocations) {
      this.#forgottenUntil = this.#revocations.shift()!.at;
    }
    this.#endAll(isOf, 'credential');
  }

  /** Ends sessions of accounts that may not be logged in to any more. */
  endDisallowed(): void {
    this.#endAll(({ account }) => !this.#mayLogIn(account), 'account');
  }

  #endAll(isOf: (session: OpenSession) => boolean, reason: EndReason): void {
    for (const entry of [...this.#entries.values()]) if (isOf(entry.session)) this.#end(entry, reason);
  }

  #end({ session }: Entry, reason: EndReason): void {
    this.#ended(reason);
    session.end(reason);
  }

  #countOf(protocol: string): number {
    let count = 0;
    for (const { session } of this.#entries.values()) if (session.protocol === protocol) count++;
    return count;
  }
}

function toRecord({ id, session, since }: Entry): SessionRecord {
  const { protocol, account, login, mechanism, credential, remoteAddress } = session;
  const { client, mailbox, state, receivedBytes, sentBytes } = session.look();
  const traffic = { receivedBytes, sentBytes };
  return {
    ...{ id, protocol, account, login, mechanism, credential: credential?.name, remoteAddress, since },
    ...{ client, mailbox, state, ...traffic },
  };
}

/** What a client is told when its session is ended. */
export const endTexts: Readonly<Record<EndReason, string>> = {
  administrator: 'The session was ended by the administrator',
  credential: 'The password or certificate is not valid any more',
  account: 'The account is not available any more',
};
