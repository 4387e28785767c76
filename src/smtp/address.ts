/** An address as it is compared and stored. The empty address (`<>`) is undefined, wherever there can be one. */
export interface Address {
  /** Unquoted, in the case it was given in; not empty. */
  readonly localpart: string;
  /** Lower case with A-labels, or an address literal with its brackets; empty for `<postmaster>` alone (RFC 5321 §4.1.1.3). */
  readonly domain: string;
}

const dotString =
  /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+)*$/u;

/** The form for commands and trace fields: the localpart quoted where it must be. Source: RFC 5321 §4.1.2 */
export function formatAddress(address: Address): string {
  const localpart = dotString.test(address.localpart)
    ? address.localpart
    : `"${address.localpart.replace(/["\\]/g, '\\$&')}"`;
  return address.domain === '' ? localpart : `${localpart}@${address.domain}`;
}

/** Whether it can only be sent with SMTPUTF8 (RFC 6531 §3.2): a domain never needs it, as it has A-labels. */
export function needsSmtpUtf8(address: Address): boolean {
  return /[^\u0000-\u007f]/.test(address.localpart);
}
