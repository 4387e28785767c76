import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import { DnsCache, type FoundRecords } from './dns-cache.ts';
import { DnsError } from './dns-error.ts';
import type { DnsQuestion, DnsResponse } from './dns-message.ts';
import { exchange } from './exchange.ts';
import { findRecords } from './find-records.ts';
import { normalizeName, reverseName } from './query-name.ts';
import type { DnsAnswer, MxRecord, Resolver, SoaRecord, TlsaRecord } from './resolver.ts';
import { isLoopback, parseServerAddress, type ServerAddress } from './server-address.ts';
import { readSystemServers } from './system-servers.ts';

export interface StubResolverOptions {
  servers: readonly ServerAddress[];
  /** Whether the servers, and the way to them, are trusted to say what DNSSEC validated: RFC 7672 §2.1.1. */
  trustAuthentic: boolean;
  clock: Clock;
  /** Wait for one answer at the first round; each further round waits twice as long. */
  timeoutMs?: number;
  /** How often each server is asked. */
  rounds?: number;
  cacheEntries?: number;
}

/** Asks recursive servers, remembers what they said, and asks once for many callers. */
export class StubResolver implements Resolver {
  readonly #options: StubResolverOptions;
  readonly #cache: DnsCache;
  readonly #underWay = new Map<string, Promise<FoundRecords>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: StubResolverOptions) {
    this.#options = options;
    this.#cache = new DnsCache(options.cacheEntries ?? limits.dnsCacheEntries, options.clock);
  }

  /**
   * @param options.servers addresses with optional port; those of the system when there are none
   * @param options.trustAuthentic by default when all servers are on this machine, or the system says so
   */
  static async open(options: {
    servers: readonly string[];
    trustAuthentic?: boolean;
    clock: Clock;
    timeoutMs?: number;
    rounds?: number;
  }): Promise<StubResolver> {
    const servers = options.servers.map(parseServerAddress);
    const found =
      servers.length > 0 ? { servers, trustAuthentic: servers.every(isLoopback) } : await readSystemServers();
    return new StubResolver({
      ...options,
      servers: found.servers,
      trustAuthentic: options.trustAuthentic ?? found.trustAuthentic,
    });
  }

  async mx(name: string, signal?: AbortSignal): Promise<DnsAnswer<MxRecord>> {
    const answer = await this.#lookUp<MxRecord>(name, 'MX', signal);
    const records = answer.records.map(({ preference, exchange }) => ({
      preference,
      exchange: exchange.toLowerCase(),
    }));
    return { ...answer, records };
  }

  a(name: string, signal?: AbortSignal): Promise<DnsAnswer<string>> {
    return this.#lookUp(name, 'A', signal);
  }

  aaaa(name: string, signal?: AbortSignal): Promise<DnsAnswer<string>> {
    return this.#lookUp(name, 'AAAA', signal);
  }

  async txt(name: string, signal?: AbortSignal): Promise<DnsAnswer<string>> {
    const answer = await this.#lookUp<Buffer[]>(name, 'TXT', signal);
    return { ...answer, records: answer.records.map((strings) => Buffer.concat(strings).toString()) };
  }

  async ptr(address: string, signal?: AbortSignal): Promise<DnsAnswer<string>> {
    const answer = await this.#lookUp<string>(reverseName(address) ?? '', 'PTR', signal);
    return { ...answer, records: answer.records.map((name) => name.toLowerCase()) };
  }

  tlsa(name: string, signal?: AbortSignal): Promise<DnsAnswer<TlsaRecord>> {
    return this.#lookUp(name, 'TLSA', signal);
  }

  async ns(name: string, signal?: AbortSignal): Promise<DnsAnswer<string>> {
    const answer = await this.#lookUp<string>(name, 'NS', signal);
    return { ...answer, records: answer.records.map((host) => host.toLowerCase()) };
  }

  soa(name: string, signal?: AbortSignal): Promise<DnsAnswer<SoaRecord>> {
    return this.#lookUp(name, 'SOA', signal);
  }

  async #lookUp<T>(name: string, type: string, signal: AbortSignal | undefined): Promise<DnsAnswer<T>> {
    signal?.throwIfAborted();
    const normalized = normalizeName(name);
    if (normalized === undefined) throw new DnsError('nxdomain', { name, type }, 'that is no valid name');
    const question = { name: normalized, type };
    const local = localAnswer(question);
    if (local) return local as DnsAnswer<T>;
    const key = `${type} ${normalized}`;
    const found = this.#cache.get(key) ?? (await orAborted(this.#find(key, question), signal));
    if (found.error) throw found.error;
    return {
      records: found.records.map((record) => record.data as T),
      authentic: found.authentic,
      canonicalName: found.canonicalName,
      ttlSeconds: found.ttlSeconds,
    };
  }

  /** Callers that ask for the same at once share one query. It goes on when a caller gives up: its answer is kept. */
  #find(key: string, question: DnsQuestion): Promise<FoundRecords> {
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    const started = this.#throughGate(() => findRecords(question, (step) => this.#ask(step)))
      .then((found) => {
        this.#cache.set(key, found);
        return found;
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, started);
    return started;
  }

  async #ask(question: DnsQuestion): Promise<DnsResponse> {
    const { servers, timeoutMs = 2_000, rounds = 3, trustAuthentic } = this.#options;
    let failure: unknown;
    for (let round = 0; round < rounds; round++)
      for (const server of servers) {
        try {
          const response = await exchange(server, question, timeoutMs * 2 ** round);
          if (response.rcode === 'NOERROR' || response.rcode === 'NXDOMAIN')
            return { ...response, authentic: response.authentic && trustAuthentic };
          failure = new Error(`DNS server ${server.address} answered ${response.rcode}`);
        } catch (error) {
          failure = error;
        }
      }
    const detail = failure instanceof Error ? failure.message : 'no server is configured';
    throw new DnsError('temporary', question, detail, { cause: failure });
  }

  async #throughGate<T>(work: () => Promise<T>): Promise<T> {
    // Whoever ends hands its place over: `#running` stays.
    if (this.#running >= limits.dnsQueries) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

/** RFC 6761 §6.3: localhost is this machine, and no question for a server. */
function localAnswer({ name, type }: DnsQuestion): DnsAnswer<unknown> | undefined {
  if (name !== 'localhost' && !name.endsWith('.localhost')) return undefined;
  const address = type === 'A' ? '127.0.0.1' : type === 'AAAA' ? '::1' : undefined;
  if (address === undefined) throw new DnsError('nodata', { name, type }, 'there are no such records');
  return { records: [address], authentic: false, canonicalName: name, ttlSeconds: 86_400 };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
