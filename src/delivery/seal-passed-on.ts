import { arcSeal } from '../mailauth/arc/arc-seal.ts';
import type { DkimSigner } from '../mailauth/dkim/sign-text.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { IncomingMessage } from './incoming-message.ts';

/**
 * Seals a message that an alias passes on, so that those who trust this server can believe who sent it.
 * @param alias its address
 * @returns fields to go before all others; empty when it is not sealed
 */
export type SealPassedOn = (message: IncomingMessage, alias: string) => Promise<Uint8Array>;

/**
 * A message that can't be sealed is passed on without: a seal only helps, and who sent it may be shown by other means.
 * @param options.signersFor keys of a domain in A-labels
 */
export function createSealPassedOn(options: {
  signersFor: (domain: string) => Promise<readonly DkimSigner[]>;
  clock: Clock;
  log: Log;
}): SealPassedOn {
  const { signersFor, clock, log } = options;

  async function seal({ file, sender }: IncomingMessage, domain: string): Promise<Uint8Array> {
    // Nothing was found out about mail of this machine and its users; that is signed with DKIM.
    if (sender === undefined) return Buffer.alloc(0);
    try {
      const signers = await signersFor(domain);
      // One set has one seal, and RSA is what everybody can verify.
      const signer = signers.find(({ key }) => key.asymmetricKeyType === 'rsa') ?? signers[0];
      if (signer === undefined) return Buffer.alloc(0);
      const { results, arc } = sender;
      const fields = await arcSeal(file.content(), { signer, results, chain: arc.result, now: clock.now() });
      return Buffer.from(fields, 'latin1');
    } catch (error) {
      log.warn({ err: error, domain }, 'message not sealed: it is passed on without');
      return Buffer.alloc(0);
    }
  }

  /** What is sealed is the same for all aliases of a domain. */
  const seals = new WeakMap<IncomingMessage['file'], Map<string, Promise<Uint8Array>>>();
  return async (message, alias) => {
    const domain = alias.slice(alias.lastIndexOf('@') + 1).toLowerCase();
    const known = seals.get(message.file) ?? new Map<string, Promise<Uint8Array>>();
    seals.set(message.file, known);
    const sealed = known.get(domain) ?? seal(message, domain);
    known.set(domain, sealed);
    return await sealed;
  };
}
