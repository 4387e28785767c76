import type { Address } from '../smtp/address.ts';
import type { ResolveRecipient } from './resolve-recipient.ts';

/** Of which kind the reports are that come to an address; undefined for any other address. */
export function reportKind(resolve: ResolveRecipient, { localpart, domain }: Address): 'dmarc' | 'tls' | undefined {
  const found = resolve(localpart, domain === '' ? undefined : domain);
  return found.kind === 'account' ? found.reports : undefined;
}
