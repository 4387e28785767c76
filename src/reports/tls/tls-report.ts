/** A report on TLS with the mail servers of a domain. Times in milliseconds. Source: RFC 8460 §4.4 */
export interface TlsReport {
  readonly organization: string;
  readonly contact: string;
  readonly reportId: string;
  readonly beginAt: number;
  readonly endAt: number;
  readonly policies: readonly TlsPolicyReport[];
}

export interface TlsPolicyReport {
  /** `tlsa`, `sts` or `no-policy-found`, in ours. */
  readonly type: string;
  /** As the report has it; records, or the lines of a policy. */
  readonly strings: readonly string[];
  readonly domain: string;
  readonly mxHosts: readonly string[];
  readonly successes: number;
  readonly failures: number;
  readonly details: readonly TlsFailureDetail[];
}

export interface TlsFailureDetail {
  /** RFC 8460 §4.3. */
  readonly type: string;
  readonly sessions: number;
  readonly sendingIp?: string;
  readonly receivingHost?: string;
  readonly receivingIp?: string;
  readonly reason?: string;
}
