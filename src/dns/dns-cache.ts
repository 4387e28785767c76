import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { DnsError } from './dns-error.ts';
import type { DnsRecord } from './dns-message.ts';

/** What a lookup found: records, or that there are none. */
export interface FoundRecords {
  records: DnsRecord[];
  error: DnsError | undefined;
  authentic: boolean;
  canonicalName: string;
  ttlSeconds: number;
}

/** Least recently used lookups go first when it is full. */
export class DnsCache {
  readonly #entries = new Map<string, { found: FoundRecords; expiresAt: number }>();
  readonly #maxEntries: number;
  readonly #clock: Clock;

  constructor(maxEntries: number, clock: Clock) {
    this.#maxEntries = maxEntries;
    this.#clock = clock;
  }

  get(key: string): FoundRecords | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    const leftMs = entry.expiresAt - this.#clock.now();
    if (leftMs <= 0) return undefined;
    this.#entries.set(key, entry);
    return { ...entry.found, ttlSeconds: Math.ceil(leftMs / 1000) };
  }

  set(key: string, found: FoundRecords): void {
    const seconds = Math.min(found.ttlSeconds, found.error ? limits.dnsNegativeSeconds : limits.dnsPositiveSeconds);
    if (seconds <= 0) return;
    this.#entries.delete(key);
    this.#entries.set(key, { found, expiresAt: this.#clock.now() + seconds * 1000 });
    if (this.#entries.size > this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value ?? '');
  }
}
