import type { Address } from '../smtp/address.ts';
import type { ResolveRecipient } from './resolve-recipient.ts';

/** Whether an address is one that reports come to. */
export function isForReports(resolve: ResolveRecipient, { localpart, domain }: Address): boolean {
  const found = resolve(localpart, domain === '' ? undefined : domain);
  return found.kind === 'account' && found.reports === 'dmarc';
}
