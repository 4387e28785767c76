/** Imports from other servers, and IMAP as their client. */
export const importLimits = {
  /** One response of an IMAP server that we are a client of, with all its literals but messages: LIST and FETCH have some hundred bytes. */
  imapResponseBytes: 1024 * 1024,
  /** A message that such a server announces. RFC 9051 §9: a number has 32 bits. What is larger than `messageBytes` is read and dropped. */
  imapLiteralBytes: 0xffff_ffff,
  /** Wait for the next bytes of such a server: some look through a whole mailbox before they answer. */
  imapClientReadMs: 5 * 60_000,
  /** Wait for its connection and TLS. */
  imapClientConnectMs: 30_000,
  /** Mailboxes of another server in one import: as many as an account may have. */
  importMailboxes: 10_000,
  /** Bytes of their names and attributes: a response may have `imapResponseBytes`. */
  importListBytes: 16 * 1024 * 1024,
  /** Messages of one such mailbox: some 20 bytes of memory each. */
  importMailboxMessages: 5_000_000,
  /** UIDs in one command that fetches messages: some servers take lines of 1,000 bytes (RFC 7162 §4 says 8,192). */
  importFetchMessages: 100,
  /** Messages, and bytes of them, that are flushed at the same time and added in one transaction. */
  importBatchMessages: 50,
  importBatchBytes: 16 * 1024 * 1024,
  /** Connections in a row that bring no message, before an import gives up; and how long it waits before the second and the last. */
  importConnections: 8,
  importFirstWaitMs: 1_000,
  importLongestWaitMs: 60_000,
  /** Times that one message may be what a connection breaks at. */
  importMessageFailures: 2,
  /** Messages that were left out, and mailboxes, that the result of an import names. */
  importSkippedNamed: 1_000,
} as const;
