import { comparableDomain, splitAddress } from './address-text.ts';
import type { AliasSettings, DomainSettings, DomainsSettings } from './domains-schema.ts';
import { comparableLocalpart } from './localpart.ts';
import type { StaticSettings } from './static-schema.ts';

/** The account an address belongs to. */
export interface AccountRecipient {
  kind: 'account';
  account: string;
  /** As configured; for a catch-all and postmaster, the address asked for. */
  address: string;
  /** Where its mail goes unless the account has other rules. */
  mailbox: string;
  /** What follows the separator: `shop` of `me+shop@`. */
  detail?: string;
  /** Taken by a catch-all, by `localserve`, or as the required postmaster: nobody configured this very address. */
  implicit: boolean;
  /** Reports that come to this address are read. */
  reports?: 'dmarc' | 'tls';
}

interface AliasRecipient {
  kind: 'alias';
  /** The address of the alias, as configured. */
  name: string;
  members: readonly AccountRecipient[];
  postPublic: boolean;
  allowFrom: boolean;
}

export type Recipient =
  | AccountRecipient
  | AliasRecipient
  | { kind: 'unknownUser' }
  /** No address of this server: to be relayed, or refused. */
  | { kind: 'notLocal' };

interface LocalDomain {
  /** Comparable name; that of the main domain when this is one of its other names. */
  name: string;
  /** The same, as configured. */
  configured: string;
  caseSensitive: boolean;
  separators: readonly string[];
  catchAll: DomainSettings['catchAll'];
}

/** Which account or alias an address belongs to. Never changes: new configuration makes a new one. */
export class AddressBook {
  readonly #domains = new Map<string, LocalDomain>();
  readonly #recipients = new Map<string, AccountRecipient | AliasRecipient>();
  readonly #accounts: ReadonlySet<string>;
  readonly #hostname: string;
  readonly #postmaster: StaticSettings['postmaster'];
  readonly #localserve: boolean;

  constructor(
    settings: Pick<DomainsSettings, 'domains' | 'accounts' | 'aliases'>,
    server: Pick<StaticSettings, 'hostname' | 'postmaster' | 'localserve'>,
  ) {
    this.#hostname = comparableDomain(server.hostname) ?? server.hostname;
    this.#postmaster = server.postmaster;
    this.#localserve = server.localserve;
    this.#accounts = new Set(Object.keys(settings.accounts));
    for (const [name, domain] of Object.entries(settings.domains)) {
      const local = {
        name: comparableDomain(name) ?? name,
        configured: name,
        caseSensitive: domain.localpartCaseSensitive,
        separators: domain.localpartSeparators,
        catchAll: domain.catchAll,
      };
      for (const each of [name, ...domain.otherNames]) this.#domains.set(comparableDomain(each) ?? each, local);
    }
    for (const [account, { addresses }] of Object.entries(settings.accounts)) {
      for (const [address, { mailbox }] of Object.entries(addresses)) {
        this.#recipients.set(this.#key(address), { kind: 'account', account, address, mailbox, implicit: false });
      }
    }
    for (const [name, { dmarcReports, tlsReports }] of Object.entries(settings.domains)) {
      for (const [reports, taker] of [
        ['dmarc', dmarcReports],
        ['tls', tlsReports],
      ] as const) {
        if (taker === undefined) continue;
        const { account, localpart, mailbox } = taker;
        const address = `${localpart}@${name}`;
        this.#recipients.set(this.#key(address), {
          kind: 'account',
          account,
          address,
          mailbox,
          implicit: false,
          reports,
        });
      }
    }
    for (const [address, alias] of Object.entries(settings.aliases)) this.#addAlias(address, alias);
  }

  /** Whether mail to a domain, in any spelling, is for this server. */
  isLocalDomain(domain: string): boolean {
    return this.#domains.has(comparableDomain(domain) ?? domain);
  }

  /** The name that the configuration has settings of a domain under, for any spelling of it or of its other names. */
  mainDomain(domain: string): string | undefined {
    return this.#domains.get(comparableDomain(domain) ?? domain)?.configured;
  }

  /** Comparable names of all domains, other names included. */
  localDomains(): string[] {
    return [...this.#domains.keys()];
  }

  /**
   * Whom an address is for.
   * @param localpart unquoted
   * @param domain in any spelling, U-labels or A-labels; undefined for the bare `Postmaster` of RFC 5321 §4.1.1.3
   */
  resolve(localpart: string, domain: string | undefined): Recipient {
    const comparable = domain === undefined ? this.#hostname : (comparableDomain(domain) ?? domain);
    const local = this.#domains.get(comparable);
    if (local !== undefined) {
      const found = this.#find(localpart, local);
      if (found !== undefined) return found;
    }
    // RFC 5321 §4.5.1: postmaster, in any case, exists in every domain, and bare; RFC 5321 §4.1.3 adds the address literal.
    const isOurs = local !== undefined || comparable === this.#hostname || comparable.startsWith('[');
    if (isOurs && localpart.length === 10 && localpart.toLowerCase() === 'postmaster') {
      const { account, mailbox } = this.#postmaster;
      const address = domain === undefined ? localpart : `${localpart}@${domain}`;
      return { kind: 'account', account, address, mailbox, implicit: true };
    }
    const taker =
      local?.catchAll ?? (this.#localserve ? { account: this.#postmaster.account, mailbox: 'Inbox' } : undefined);
    if (taker !== undefined) {
      const { account, mailbox } = taker;
      return { kind: 'account', account, address: `${localpart}@${domain ?? comparable}`, mailbox, implicit: true };
    }
    return local === undefined ? { kind: 'notLocal' } : { kind: 'unknownUser' };
  }

  /** Like `resolve`, for an address in one piece. */
  resolveAddress(address: string): Recipient {
    const parts = splitAddress(address);
    return parts === undefined ? this.resolve(address, undefined) : this.resolve(parts.localpart, parts.domain);
  }

  /**
   * Account of a login name: one of its configured addresses, or its name.
   * Whether the account may log in now is not decided here.
   */
  accountForLogin(login: string): string | undefined {
    if (this.#accounts.has(login)) return login;
    const parts = splitAddress(login);
    if (parts === undefined) return undefined;
    const found = this.#recipients.get(this.#key(login));
    return found?.kind === 'account' ? found.account : undefined;
  }

  /** The one form of all spellings of a login that `accountForLogin` takes for the same, whether or not there is an account. */
  comparableLogin(login: string): string {
    return this.#accounts.has(login) || splitAddress(login) === undefined ? login : this.#key(login);
  }

  /** Whether an account may write with this address as sender: it would receive the answer, or an alias allows it. */
  mayUseFrom(account: string, address: string): boolean {
    const parts = splitAddress(address);
    if (parts === undefined) return false;
    const found = this.resolve(parts.localpart, parts.domain);
    if (found.kind === 'account') return found.account === account;
    return found.kind === 'alias' && found.allowFrom && found.members.some((member) => member.account === account);
  }

  #find(localpart: string, local: LocalDomain): AccountRecipient | AliasRecipient | undefined {
    const whole = comparableLocalpart(localpart, local.caseSensitive);
    const exact = this.#recipients.get(`${whole}@${local.name}`);
    if (exact !== undefined) return exact;
    let end = -1;
    let separatorLength = 0;
    for (const separator of local.separators) {
      const at = localpart.indexOf(separator, 1);
      if (at > 0 && (end < 0 || at < end)) {
        end = at;
        separatorLength = separator.length;
      }
    }
    if (end < 0) return undefined;
    const base = comparableLocalpart(localpart.slice(0, end), local.caseSensitive);
    const found = this.#recipients.get(`${base}@${local.name}`);
    if (found?.kind !== 'account') return found;
    return { ...found, detail: localpart.slice(end + separatorLength) };
  }

  #addAlias(name: string, alias: AliasSettings): void {
    const members: AccountRecipient[] = [];
    for (const member of alias.members) {
      const found = this.#recipients.get(this.#key(member));
      if (found?.kind === 'account') members.push(found);
    }
    const { postPublic, allowFrom } = alias;
    this.#recipients.set(this.#key(name), { kind: 'alias', name, members, postPublic, allowFrom });
  }

  #key(address: string): string {
    const { localpart, domain } = splitAddress(address) ?? { localpart: address, domain: '' };
    const local = this.#domains.get(comparableDomain(domain) ?? domain);
    return `${comparableLocalpart(localpart, local?.caseSensitive ?? false)}@${local?.name ?? domain}`;
  }
}
