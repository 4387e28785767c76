import { addressRanges } from '../runtime/address-range.ts';
import type { Validation } from '../store/messages/new-message.ts';

/** What messages have in common that come from the same, from what says most about a message to what says least. */
export const originKinds = [
  'author',
  'domain',
  'organisation',
  'signature',
  'envelope',
  'address',
  'network',
  'wideNetwork',
] as const;
export type OriginKind = (typeof originKinds)[number];

/** Where a message came from, as far as that was shown. */
export interface OriginFacts {
  readonly fromLocalpart: string | undefined;
  readonly fromDomain: string | undefined;
  readonly validation: Validation | undefined;
  readonly mailFromDomain: string | undefined;
  readonly helloName: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly isForward: boolean;
}

/**
 * @returns by kind, names that are the same for all messages of that origin; kinds about which nothing was shown are missing. Of a message
 *   that another server of the user passed on, the client and the envelope are that server's, and say nothing.
 */
export function messageOrigins(facts: OriginFacts): Map<OriginKind, string[]> {
  const { fromLocalpart, fromDomain, validation, isForward, remoteAddress } = facts;
  const origins = new Map<OriginKind, string[]>();
  const add = (kind: OriginKind, value: string | undefined): void => {
    if (value !== undefined && value !== '') origins.set(kind, [...(origins.get(kind) ?? []), `${kind} ${value}`]);
  };
  if (validation !== undefined && validation.from !== 'none' && fromDomain !== undefined) {
    const domain = fromDomain.toLowerCase();
    if (fromLocalpart !== undefined) add('author', `${fromLocalpart.toLowerCase()}@${domain}`);
    add('domain', domain);
    if (validation.organisation !== domain) add('organisation', validation.organisation);
  }
  for (const domain of validation?.dkimDomains ?? []) add('signature', domain);
  if (isForward) return origins;
  if (validation?.mailFrom === 'spf') add('envelope', facts.mailFromDomain?.toLowerCase());
  else if (validation?.hello === 'spf') add('envelope', facts.helloName?.toLowerCase());
  if (remoteAddress !== undefined) {
    const [address, network, wideNetwork] = addressRanges(remoteAddress);
    add('address', address);
    add('network', network);
    add('wideNetwork', wideNetwork);
  }
  return origins;
}
