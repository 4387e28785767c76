import { formatAddress as joinAddress } from '../message/format-address.ts';

/** An address as it is compared and stored. The empty address (`<>`) is undefined, wherever there can be one. */
export interface Address {
  /** Unquoted, in the case it was given in; not empty. */
  readonly localpart: string;
  /** Lower case with A-labels, or an address literal with its brackets; empty for `<postmaster>` alone (RFC 5321 §4.1.1.3). */
  readonly domain: string;
}

/** The form for commands and trace fields, without angle brackets: the localpart quoted where it must be; empty for `<>`. */
export function formatAddress(address: Address | undefined): string {
  return address === undefined ? '' : joinAddress(address.localpart, address.domain);
}
