/** A mail server under load. */
export interface MailPeer extends AsyncDisposable {
  readonly name: string;
  /** Of the process whose tree is the server. */
  readonly pid: number | undefined;
  readonly imap?: { port: number; login: string; password: string };
  readonly smtp?: { port: number; recipients: readonly string[] };
  /** Messages stored for good so far. */
  storedMessages?(): Promise<number>;
}
