/** What was found in the DNS about one thing that a domain needs. */
export interface DnsVerdict {
  /** Such as `MX` or `DKIM 2026a`. */
  readonly about: string;
  /** `error`: mail is lost, refused or taken for junk. `warning`: it goes better with it. `note`: may be as it is. */
  readonly verdict: 'ok' | 'note' | 'warning' | 'error';
  readonly text: string;
  /** What to do. */
  readonly hint?: string;
}
