/** A mail server under load. */
export interface MailPeer extends AsyncDisposable {
  readonly name: string;
  /** Of the process whose tree is the server. */
  readonly pid: number | undefined;
  /** Logins are `<account>@example.org` with this password, by LOGIN and SCRAM-SHA-256. */
  readonly imap?: { port: number; tlsPort: number; password: string };
  readonly smtp?: { port: number; recipients: readonly string[] };
  /** Of a server that has metrics. */
  readonly metricsPort?: number;
  /** Messages stored for good so far. */
  storedMessages?(): Promise<number>;
}
