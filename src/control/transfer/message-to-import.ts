/** One message on its way into or out of an account. */
export interface MessageToImport {
  /** CRLF or LF line ends, as found. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Names of system flags and keywords. */
  readonly flags: readonly string[];
  /** Milliseconds; undefined when the source doesn't say. */
  readonly receivedAt: number | undefined;
  /** Where it was found, for messages to people. */
  readonly source: string;
}

/** A mailbox to be read: messages in order. */
export interface MailboxToImport {
  /** As the account calls it. */
  readonly mailbox: string;
  messages(signal: AbortSignal): AsyncIterable<MessageToImport>;
}
