/** HTTP, and messages that local programs submit. */
export const httpLimits = {
  /** Body of an HTTP request: nothing that is served now takes more. */
  httpBodyBytes: 1024 * 1024,
  /** Header of a message that a local program submits: it is read into memory for its recipients. */
  localSubmissionHeaderBytes: 1024 * 1024,
  /** HTTP connections of one listener at the same time. */
  httpConnections: 1000,
  /** A whole HTTP request: keeps slow senders from holding connections. */
  httpRequestMs: 60_000,
} as const;
