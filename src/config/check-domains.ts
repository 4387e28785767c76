import { comparableDomain, splitAddress } from './address-text.ts';
import type { ConfigProblem } from './config-error.ts';
import type { DomainsSettings, RouteSettings } from './domains-schema.ts';
import { comparableLocalpart } from './localpart.ts';
import { nearestKey } from './nearest-key.ts';
import { rulesetFaults } from './ruleset-faults.ts';
import type { RulesetSettings } from './rulesets-schema.ts';
import type { StaticSettings } from './static-schema.ts';
import { foundText, type YamlSource } from './yaml-source.ts';

/** Checks what one schema cannot: that names refer to something, and that no address is given twice. */
export function checkDomains(
  source: YamlSource,
  settings: DomainsSettings,
  staticSettings: Pick<StaticSettings, 'postmaster' | 'transports'>,
  problems: ConfigProblem[],
): void {
  new DomainsCheck(source, settings, staticSettings, problems).run();
}

class DomainsCheck {
  readonly #source: YamlSource;
  readonly #settings: DomainsSettings;
  readonly #static: Pick<StaticSettings, 'postmaster' | 'transports'>;
  readonly #problems: ConfigProblem[];
  /** Comparable name → name as written, other names included. */
  readonly #domains = new Map<string, string>();
  /** Comparable address → where it is given. */
  readonly #addresses = new Map<string, { kind: 'account' | 'alias'; owner: string }>();

  constructor(
    source: YamlSource,
    settings: DomainsSettings,
    staticSettings: Pick<StaticSettings, 'postmaster' | 'transports'>,
    problems: ConfigProblem[],
  ) {
    this.#source = source;
    this.#settings = settings;
    this.#static = staticSettings;
    this.#problems = problems;
  }

  run(): void {
    this.#domainNames();
    this.#accounts();
    this.#aliases();
    this.#references();
  }

  #domainNames(): void {
    const add = (name: string, path: (string | number)[], owner: string): void => {
      const comparable = comparableDomain(name) ?? name;
      const other = this.#domains.get(comparable);
      if (other !== undefined) {
        this.#bad(path, `found ${foundText(name)} a second time, accepted: each domain once`, 'key');
      } else this.#domains.set(comparable, owner);
    };
    for (const name of Object.keys(this.#settings.domains)) add(name, ['domains', name], name);
    for (const [name, domain] of Object.entries(this.#settings.domains)) {
      domain.otherNames.forEach((other, at) => {
        add(other, ['domains', name, 'otherNames', at], name);
      });
    }
  }

  #accounts(): void {
    for (const [name, domain] of Object.entries(this.#settings.domains)) {
      for (const key of ['dmarcReports', 'tlsReports'] as const) {
        const { account, localpart } = domain[key] ?? {};
        if (account === undefined) continue;
        this.#addAddress(`${localpart}@${name}`, ['domains', name, key, 'localpart'], {
          kind: 'account',
          owner: account,
        });
      }
    }
    for (const [name, account] of Object.entries(this.#settings.accounts)) {
      this.#expectDomain(account.domain, ['accounts', name, 'domain'], 'value');
      account.fromIdAddresses.forEach((address, at) => {
        this.#expectPlus(name, account.addresses, address, ['accounts', name, 'fromIdAddresses', at]);
      });
      for (const address of Object.keys(account.addresses)) {
        this.#addAddress(address, ['accounts', name, 'addresses', address], { kind: 'account', owner: name });
        this.#rulesets(account.addresses[address]!.rulesets, ['accounts', name, 'addresses', address, 'rulesets']);
      }
      this.#rulesets(account.rulesets, ['accounts', name, 'rulesets']);
    }
  }

  /** What is sent to `me+<id>@` has to reach the account. */
  #expectPlus(account: string, addresses: object, address: string, path: (string | number)[]): void {
    const comparable = this.#comparable(address);
    if (!Object.keys(addresses).some((own) => this.#comparable(own) === comparable)) {
      this.#bad(path, `found ${foundText(address)}, accepted: an address of account ${foundText(account)}`, 'value');
      return;
    }
    const domain = splitAddress(address)?.domain ?? '';
    const main = this.#domains.get(comparableDomain(domain) ?? domain);
    if (main === undefined || this.#settings.domains[main].localpartSeparators.includes('+')) return;
    const accepted = 'an address of a domain whose "localpartSeparators" hold "+"';
    this.#bad(path, `found ${foundText(address)}, accepted: ${accepted}`, 'value');
  }

  #aliases(): void {
    for (const address of Object.keys(this.#settings.aliases)) {
      this.#addAddress(address, ['aliases', address], { kind: 'alias', owner: address });
    }
    for (const [address, alias] of Object.entries(this.#settings.aliases)) {
      const seen = new Set<string>();
      alias.members.forEach((member, at) => {
        const path = ['aliases', address, 'members', at];
        const comparable = this.#comparable(member);
        const known = this.#addresses.get(comparable);
        if (known?.kind !== 'account') {
          const found = known === undefined ? foundText(member) : `${foundText(member)}, an alias`;
          const addresses = [...this.#addresses].filter(([, { kind }]) => kind === 'account').map(([key]) => key);
          this.#bad(path, `found ${found}, accepted: an address of an account${meant(comparable, addresses)}`, 'value');
        }
        if (seen.has(comparable))
          this.#bad(path, `found ${foundText(member)} a second time, accepted: each member once`, 'value');
        seen.add(comparable);
      });
    }
  }

  #references(): void {
    const { postmaster } = this.#static;
    const accounts = Object.keys(this.#settings.accounts);
    if (!Object.hasOwn(this.#settings.accounts, postmaster.account)) {
      const account = foundText(postmaster.account);
      this.#bad(
        ['accounts'],
        `found no account ${account}, accepted: with the one that "postmaster" of restante.yaml names${meant(postmaster.account, accounts)}`,
        'key',
      );
    }
    this.#routes(this.#settings.routes, ['routes']);
    for (const [name, account] of Object.entries(this.#settings.accounts)) {
      this.#routes(account.routes, ['accounts', name, 'routes']);
    }
    for (const [name, domain] of Object.entries(this.#settings.domains)) {
      const path = ['domains', name];
      this.#routes(domain.routes, [...path, 'routes']);
      for (const key of ['catchAll', 'dmarcReports', 'tlsReports'] as const) {
        const taker = domain[key]?.account;
        if (taker === undefined || Object.hasOwn(this.#settings.accounts, taker)) continue;
        this.#bad(
          [...path, key, 'account'],
          `found ${foundText(taker)}, accepted: a name under "accounts"${meant(taker, accounts)}`,
          'value',
        );
      }
      const selectors = Object.keys(domain.dkim.selectors);
      domain.dkim.sign.forEach((selector, at) => {
        if (selectors.includes(selector)) return;
        const accepted = `a name under "selectors"${meant(selector, selectors)}`;
        this.#bad([...path, 'dkim', 'sign', at], `found ${foundText(selector)}, accepted: ${accepted}`, 'value');
      });
    }
  }

  #routes(routes: readonly RouteSettings[], path: (string | number)[]): void {
    const transports = ['direct', 'fail', ...Object.keys(this.#static.transports)];
    routes.forEach(({ transport }, at) => {
      if (transports.includes(transport)) return;
      const accepted = `direct, fail, or a name under "transports" of restante.yaml${meant(transport, transports.slice(2))}`;
      this.#bad([...path, at, 'transport'], `found ${foundText(transport)}, accepted: ${accepted}`, 'value');
    });
  }

  #rulesets(rulesets: readonly RulesetSettings[], path: (string | number)[]): void {
    rulesets.forEach((ruleset, at) => {
      for (const { key, message } of rulesetFaults(ruleset)) {
        this.#bad(key === undefined ? [...path, at] : [...path, at, key], message, 'value');
      }
    });
  }

  #expectDomain(domain: string, path: (string | number)[], at: 'key' | 'value'): void {
    if (this.#domains.has(comparableDomain(domain) ?? domain)) return;
    const accepted = `a name under "domains"${meant(domain, Object.keys(this.#settings.domains))}`;
    this.#bad(path, `found ${foundText(domain)}, accepted: ${accepted}`, at);
  }

  #addAddress(address: string, path: string[], given: { kind: 'account' | 'alias'; owner: string }): void {
    const { localpart, domain } = splitAddress(address) ?? { localpart: '', domain: '' };
    const main = this.#domains.get(comparableDomain(domain) ?? domain);
    if (main === undefined) {
      const accepted = `an address of a domain under "domains"${meant(domain, Object.keys(this.#settings.domains))}`;
      this.#bad(path, `found ${foundText(address)}, accepted: ${accepted}`, 'key');
      return;
    }
    const comparable = `${comparableLocalpart(localpart, this.#settings.domains[main].localpartCaseSensitive)}@${comparableDomain(main)}`;
    const other = this.#addresses.get(comparable);
    if (other !== undefined) {
      this.#bad(
        path,
        `found ${foundText(address)}, which ${other.kind} ${foundText(other.owner)} has, accepted: each address once`,
        'key',
      );
      return;
    }
    this.#addresses.set(comparable, given);
  }

  #comparable(address: string): string {
    const { localpart, domain } = splitAddress(address) ?? { localpart: '', domain: '' };
    const main = this.#domains.get(comparableDomain(domain) ?? domain);
    if (main === undefined) return address;
    return `${comparableLocalpart(localpart, this.#settings.domains[main].localpartCaseSensitive)}@${comparableDomain(main)}`;
  }

  #bad(path: (string | number)[], message: string, at: 'key' | 'value'): void {
    this.#problems.push(this.#source.problem(path, at, message));
  }
}

function meant(given: string, known: readonly string[]): string {
  const nearest = nearestKey(given, known);
  if (nearest !== undefined) return `, did you mean "${nearest}"?`;
  return known.length > 0 && known.length <= 5 ? `: ${known.join(', ')}` : '';
}
