import { DnsError } from '../../dns/dns-error.ts';
import { normalizeName } from '../../dns/query-name.ts';
import type { DnsAnswer, Resolver } from '../../dns/resolver.ts';
import { addressBytes, inNetwork } from '../../runtime/address-range.ts';
import { limits } from '../../runtime/limits.ts';
import { findSpfRecords } from './find-spf-records.ts';
import { expandMacros, isExplainString, type MacroValues } from './macro-string.ts';
import { parseSpfRecord, type SpfDirective, type SpfMechanism, SpfSyntaxError } from './spf-record.ts';

/** RFC 7208 §2.6 */
export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror';

export interface SpfOutcome {
  readonly result: SpfResult;
  /** The directive that matched, as its record has it; `default` when none did. */
  readonly mechanism?: string;
  /** Of `fail`: what the domain's owner says to the sender; US-ASCII, one line. */
  readonly explanation?: string;
  /** Why there is no better result. */
  readonly problem?: string;
}

export interface CheckHostOptions {
  readonly resolver: Resolver;
  /** Of the SMTP client. */
  readonly ip: string;
  /** Of MAIL FROM or HELO, A-labels. */
  readonly domain: string;
  /** `local-part@domain`. */
  readonly sender: string;
  readonly helloName: string;
  /** This server's name, for explanations. */
  readonly receiver: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * Whether a domain lets a host send in its name.
 * @throws the signal's reason
 * Source: RFC 7208 §4
 */
export async function checkHost(options: CheckHostOptions): Promise<SpfOutcome> {
  return await new HostCheck(options).check(options.domain, true);
}

const results = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const;

/** Ends the whole check with a result. */
class SpfError extends Error {
  readonly result: 'temperror' | 'permerror';

  constructor(result: 'temperror' | 'permerror', problem: string) {
    super(problem);
    this.result = result;
  }
}

class HostCheck {
  readonly #options: CheckHostOptions;
  readonly #bytes: Uint8Array;
  /** Terms that ask the DNS, and questions without an answer, in all records together: RFC 7208 §4.6.4. */
  #terms = 0;
  #voids = 0;
  #validatedNames: Promise<string[]> | undefined;

  constructor(options: CheckHostOptions) {
    this.#options = options;
    this.#bytes = addressBytes(options.ip);
  }

  /** @param explains whether its `exp` counts: that of an included record does not */
  async check(domain: string, explains: boolean): Promise<SpfOutcome> {
    try {
      return await this.#evaluate(domain, explains);
    } catch (error) {
      if (error instanceof SpfError) return { result: error.result, problem: error.message };
      if (error instanceof SpfSyntaxError) {
        return { result: 'permerror', problem: `the record of "${domain}" is wrong: ${error.message}` };
      }
      throw error;
    }
  }

  async #evaluate(domain: string, explains: boolean): Promise<SpfOutcome> {
    if (!isQualifiedName(domain)) return { result: 'none', problem: `"${domain}" is no domain` };
    const text = await this.#record(domain);
    if (text === undefined) return { result: 'none' };
    const record = parseSpfRecord(text);
    for (const directive of record.directives) {
      if (!(await this.#matches(directive.mechanism, domain))) continue;
      return await this.#matched(directive, record.exp, domain, explains);
    }
    if (record.redirect === undefined) return { result: 'neutral', mechanism: 'default' };
    this.#countTerm();
    const target = await this.#target(record.redirect, domain);
    const outcome = await this.#evaluate(target, explains);
    if (outcome.result === 'none')
      throw new SpfError('permerror', `"${domain}" redirects to "${target}", which has no record`);
    return outcome;
  }

  async #matched(
    { qualifier, text }: SpfDirective,
    exp: string | undefined,
    domain: string,
    explains: boolean,
  ): Promise<SpfOutcome> {
    const outcome: SpfOutcome = { result: results[qualifier], mechanism: text };
    if (outcome.result !== 'fail' || exp === undefined || !explains) return outcome;
    const explanation = await this.#explanation(exp, domain);
    return explanation === undefined ? outcome : { ...outcome, explanation };
  }

  /** @returns undefined when there is none */
  async #record(domain: string): Promise<string | undefined> {
    const { resolver, signal } = this.#options;
    let found: string[];
    try {
      found = await findSpfRecords(resolver, domain, signal);
    } catch (error) {
      if (error instanceof DnsError) throw new SpfError('temperror', error.message);
      throw error;
    }
    if (found.length > 1) throw new SpfError('permerror', `"${domain}" has ${found.length} records`);
    return found[0];
  }

  async #matches(mechanism: SpfMechanism, domain: string): Promise<boolean> {
    switch (mechanism.kind) {
      case 'all':
        return true;
      case 'ip4':
      case 'ip6':
        return inNetwork(this.#options.ip, `${mechanism.address}/${mechanism.bits}`);
      case 'include':
        return await this.#includes(await this.#countedTarget(mechanism.domain, domain));
      case 'a': {
        const name = await this.#countedTarget(mechanism.domain, domain);
        return this.#isAmong(await this.#addresses(name), mechanism);
      }
      case 'mx':
        return await this.#isExchange(await this.#countedTarget(mechanism.domain, domain), mechanism);
      case 'ptr': {
        const name = (await this.#countedTarget(mechanism.domain, domain)).toLowerCase();
        return (await this.#validated()).some((each) => each === name || each.endsWith(`.${name}`));
      }
      case 'exists': {
        const { resolver, signal } = this.#options;
        const name = await this.#countedTarget(mechanism.domain, domain);
        return (await this.#foundOrVoid(resolver.a(name, signal))).length > 0;
      }
    }
  }

  async #includes(domain: string): Promise<boolean> {
    const { result } = await this.#evaluate(domain, false);
    if (result === 'none') throw new SpfError('permerror', `"${domain}", which is included, has no record`);
    return result === 'pass';
  }

  async #isExchange(name: string, mechanism: { ip4Bits: number; ip6Bits: number }): Promise<boolean> {
    const { resolver, signal } = this.#options;
    const exchanges = await this.#foundOrVoid(resolver.mx(name, signal));
    if (exchanges.length > limits.spfNames) {
      throw new SpfError('permerror', `"${name}" has more than ${limits.spfNames} MX records`);
    }
    for (const { exchange } of exchanges) {
      if (this.#isAmong(await this.#addresses(exchange), mechanism)) return true;
    }
    return false;
  }

  /** Of the family that the client's has. */
  async #addresses(name: string): Promise<readonly string[]> {
    const { resolver, signal } = this.#options;
    return await this.#foundOrVoid(this.#bytes.length === 4 ? resolver.a(name, signal) : resolver.aaaa(name, signal));
  }

  #isAmong(addresses: readonly string[], { ip4Bits, ip6Bits }: { ip4Bits: number; ip6Bits: number }): boolean {
    const bits = this.#bytes.length === 4 ? ip4Bits : ip6Bits;
    return addresses.some((address) => inNetwork(this.#options.ip, `${address}/${bits}`));
  }

  /** Names of the client's address that have that address: RFC 7208 §5.5. What can't be looked up is none. */
  #validated(): Promise<string[]> {
    this.#validatedNames ??= this.#validate();
    return this.#validatedNames;
  }

  async #validate(): Promise<string[]> {
    const { resolver, ip, signal } = this.#options;
    const validated: string[] = [];
    const names = await foundOrNothing(resolver.ptr(ip, signal));
    for (const name of names.slice(0, limits.spfNames)) {
      const addresses = await foundOrNothing(
        this.#bytes.length === 4 ? resolver.a(name, signal) : resolver.aaaa(name, signal),
      );
      const whole = { ip4Bits: 32, ip6Bits: 128 };
      if (this.#isAmong(addresses, whole)) validated.push(name.toLowerCase().replace(/\.$/, ''));
    }
    return validated;
  }

  async #countedTarget(spec: string | undefined, domain: string): Promise<string> {
    this.#countTerm();
    return spec === undefined ? domain : await this.#target(spec, domain);
  }

  #countTerm(): void {
    if (++this.#terms > limits.spfTerms) {
      throw new SpfError('permerror', `more than ${limits.spfTerms} terms ask the DNS`);
    }
  }

  /** RFC 7208 §7.3: of a name that is too long, labels are left out at the left. */
  async #target(spec: string, domain: string): Promise<string> {
    let name = (await expandMacros(spec, this.#values(domain))).replace(/\.$/, '');
    while (name.length > 253 && name.includes('.')) name = name.slice(name.indexOf('.') + 1);
    return name;
  }

  #values(domain: string): MacroValues {
    const { ip, sender, helloName, receiver, now } = this.#options;
    const at = sender.lastIndexOf('@');
    const isV4 = this.#bytes.length === 4;
    const dotted = isV4 ? this.#bytes.join('.') : [...Buffer.from(this.#bytes).toString('hex').toUpperCase()].join('.');
    return {
      s: sender,
      l: sender.slice(0, at),
      o: sender.slice(at + 1),
      d: domain,
      i: dotted,
      v: isV4 ? 'in-addr' : 'ip6',
      h: helloName,
      p: async () => {
        const names = await this.#validated();
        const name = domain.toLowerCase();
        return (
          names.find((each) => each === name) ??
          names.find((each) => each.endsWith(`.${name}`)) ??
          names[0] ??
          'unknown'
        );
      },
      c: isV4 ? dotted : ip.toLowerCase(),
      r: receiver,
      t: String(Math.floor(now / 1000)),
    };
  }

  /** RFC 7208 §6.2: whatever goes wrong with it, the result stays. */
  async #explanation(exp: string, domain: string): Promise<string | undefined> {
    const { resolver, signal } = this.#options;
    const texts = await foundOrNothing(resolver.txt(await this.#target(exp, domain), signal));
    const [text] = texts;
    if (texts.length !== 1 || text === undefined || !isExplainString(text)) return undefined;
    const explanation = await expandMacros(text, this.#values(domain));
    return /^[\x20-\x7e]*$/.test(explanation) ? explanation : undefined;
  }

  async #found<Found>(lookup: Promise<DnsAnswer<Found>>): Promise<readonly Found[]> {
    try {
      return (await lookup).records;
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      if (error.kind === 'temporary') throw new SpfError('temperror', error.message);
      return [];
    }
  }

  async #foundOrVoid<Found>(lookup: Promise<DnsAnswer<Found>>): Promise<readonly Found[]> {
    const records = await this.#found(lookup);
    if (records.length === 0 && ++this.#voids > limits.spfVoidLookups) {
      throw new SpfError('permerror', `more than ${limits.spfVoidLookups} questions have no answer`);
    }
    return records;
  }
}

async function foundOrNothing<Found>(lookup: Promise<DnsAnswer<Found>>): Promise<readonly Found[]> {
  try {
    return (await lookup).records;
  } catch (error) {
    if (error instanceof DnsError) return [];
    throw error;
  }
}

/** RFC 7208 §4.3: of two labels at least; not an address literal. */
function isQualifiedName(domain: string): boolean {
  return /^[^[\]]*[^.[\]]\.[^[\]]*[^[\]]$/.test(domain) && normalizeName(domain) !== undefined;
}
