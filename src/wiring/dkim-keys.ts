import type { KeyObject } from 'node:crypto';
import type { LiveDomains } from '../config/live-domains.ts';
import { readDkimKey } from '../config/read-dkim-key.ts';
import type { DkimSigner } from '../mailauth/dkim/sign-text.ts';
import type { Log } from '../runtime/log.ts';
import { SmtpError } from '../smtp/smtp-error.ts';

/** The keys that domains sign with: read when first needed, and again after each change of the configuration. */
export class DkimKeys implements Disposable {
  readonly #domains: LiveDomains;
  readonly #log: Log;
  readonly #keys = new Map<string, Promise<KeyObject>>();
  readonly #stop: () => void;

  constructor(domains: LiveDomains, log: Log) {
    this.#domains = domains;
    this.#log = log;
    this.#stop = domains.onChange(() => this.#keys.clear());
  }

  /**
   * @param domain A-labels; another name of a domain signs with the keys of that domain, in its own name
   * @throws SmtpError when a key can't be read
   */
  async signersFor(domain: string): Promise<DkimSigner[]> {
    const main = this.#domains.addressBook.mainDomain(domain);
    if (main === undefined) return [];
    const { selectors, sign } = this.#domains.config.domains[main].dkim;
    try {
      return await Promise.all(
        sign.map(async (selector) => {
          const key = await this.#key(selectors[selector].privateKeyFile);
          return { domain, selector, key };
        }),
      );
    } catch (error) {
      this.#log.error({ err: error, domain }, 'Cannot sign mail: it is refused until the key is there');
      const publicText = 'Messages of this domain cannot be signed at the moment, please try again later';
      throw new SmtpError(451, '4.3.5', publicText, { message: (error as Error).message, cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #key(path: string): Promise<KeyObject> {
    let key = this.#keys.get(path);
    if (key === undefined) {
      key = readDkimKey(path);
      this.#keys.set(path, key);
      key.catch(() => this.#keys.delete(path));
    }
    return key;
  }
}
