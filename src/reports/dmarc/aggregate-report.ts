/**
 * What an aggregate report says, in either of its formats. Texts are the sender's own: limited in length, otherwise as they came.
 * Source: RFC 7489 appendix C; RFC 9990 appendix A
 */
export interface AggregateReport {
  /** Who reports. */
  readonly orgName: string;
  readonly email: string;
  readonly contact?: string;
  readonly reportId: string;
  /** Milliseconds. */
  readonly beginAt: number;
  readonly endAt: number;
  /** What the sender of the report met. */
  readonly errors: readonly string[];
  readonly policy: PublishedPolicy;
  readonly records: readonly ReportRecord[];
}

/** The policy that messages were held to. Missing: the report does not say. */
export interface PublishedPolicy {
  /** A-labels where it is a valid name. */
  readonly domain: string;
  readonly policy?: string;
  readonly subdomainPolicy?: string;
  readonly nonexistentPolicy?: string;
  /** `r` or `s`. */
  readonly dkimAlignment?: string;
  readonly spfAlignment?: string;
  /** Of RFC 7489. */
  readonly percent?: string;
  /** Of RFC 9990: `y` or `n`. */
  readonly testing?: string;
}

/** Messages that were alike. */
export interface ReportRecord {
  readonly sourceIp: string;
  readonly count: number;
  /** `none`, `pass`, `quarantine` or `reject`. */
  readonly disposition: string;
  /** `pass` or `fail`, of aligned results. */
  readonly dkim: string;
  readonly spf: string;
  /** Why something else was done than the policy asks for. */
  readonly reasons: readonly OverrideReason[];
  readonly headerFrom: string;
  readonly envelopeFrom?: string;
  readonly envelopeTo?: string;
  readonly dkimResults: readonly DkimAuthResult[];
  readonly spfResults: readonly SpfAuthResult[];
}

export interface OverrideReason {
  readonly type: string;
  readonly comment?: string;
}

export interface DkimAuthResult {
  readonly domain: string;
  readonly selector?: string;
  readonly result: string;
  readonly humanResult?: string;
}

export interface SpfAuthResult {
  readonly domain: string;
  /** `helo` or `mfrom`. */
  readonly scope?: string;
  readonly result: string;
  readonly humanResult?: string;
}
