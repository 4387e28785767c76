import type { Resolver } from '../../dns/resolver.ts';
import { limits } from '../../runtime/limits.ts';
import { type DkimKey, parseDkimKey } from './dkim-key.ts';
import { SignatureFault } from './signature-fault.ts';

/** Looks up the keys that a message was signed with, each once: several signatures of a message often have the same key. */
export class KeyFinder {
  readonly #resolver: Pick<Resolver, 'txt'>;
  readonly #signal: AbortSignal;
  readonly #keys = new Map<string, Promise<DkimKey>>();

  constructor(resolver: Pick<Resolver, 'txt'>, signal: AbortSignal) {
    this.#resolver = resolver;
    this.#signal = signal;
  }

  /** @throws DnsError, SignatureFault; the promise may be left alone */
  find(selector: string, domain: string): Promise<DkimKey> {
    const name = `${selector}._domainkey.${domain}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const asked = this.#ask(name);
    asked.catch(() => {});
    this.#keys.set(name, asked);
    return asked;
  }

  async #ask(name: string): Promise<DkimKey> {
    const { records } = await this.#resolver.txt(name, this.#signal);
    let problem: unknown;
    for (const record of records.slice(0, limits.dkimKeyRecords)) {
      try {
        return parseDkimKey(record);
      } catch (error) {
        problem ??= error;
      }
    }
    throw new SignatureFault('permerror', `the key is wrong: ${(problem as Error).message}`);
  }
}
