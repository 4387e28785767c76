/**
 * Every limit of the server, with its RFC or reason. A part's options may override a limit; the configuration names those an
 * operator can set.
 */
export const limits = {
  /** One message, prefix not counted. The size the reference accepts; most providers accept 25 to 50 MB. */
  messageBytes: 100 * 1024 * 1024,
  /** Nested multiparts and messages in one message; deeper ones are one opaque part. Dovecot: 100. */
  mimeDepth: 100,
  /** MIME parts in one message; further boundaries are ignored, so that the last part takes the rest. Dovecot: 10,000. */
  mimeParts: 10_000,
  /** Bytes of one header (of a message or part) that are looked at for fields; the rest is only counted. */
  headerBytes: 1024 * 1024,
  /** Text kept of all headers of one message for ENVELOPE and BODYSTRUCTURE. */
  structureTextBytes: 512 * 1024,
  /** Parameters of one Content-Type or Content-Disposition field. */
  mimeParameters: 100,
  /** Boundary of a multipart. RFC 2046 §5.1.1 says 70; a line has at most 998 (RFC 5322 §2.1.1). */
  mimeBoundaryBytes: 998,
  /** Mailboxes and group marks parsed from one address field. */
  headerAddresses: 5_000,
  /** Message-IDs parsed from References and In-Reply-To. */
  headerMessageIds: 1_000,
} as const;
