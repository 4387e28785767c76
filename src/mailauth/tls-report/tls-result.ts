/** What went wrong with TLS, in the words of the registry. Source: RFC 8460 §4.3 */
export type TlsFailureType =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid';

export interface TlsFault {
  readonly type: TlsFailureType;
  /** For people. */
  readonly detail: string;
}

/** A policy that a session was held to, as reports name it. Source: RFC 8460 §4.4 */
export interface TlsPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  /** Of the recipient, or for `tlsa` the host. */
  readonly domain: string;
  /** The records, or the lines of the policy. */
  readonly strings: readonly string[];
  /** Patterns of an MTA-STS policy. */
  readonly mxHosts: readonly string[];
}

/** How one attempt at a session ended, as far as TLS goes. */
export interface TlsResult {
  /** A-labels. */
  readonly recipientDomain: string;
  readonly policy: TlsPolicy;
  /** Undefined where it did not come to a host. */
  readonly host: string | undefined;
  readonly address: string | undefined;
  /** Undefined: the policy was kept. */
  readonly fault: TlsFault | undefined;
}
