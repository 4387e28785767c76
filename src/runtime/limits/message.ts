/** A message, and what is read of it. */
export const messageLimits = {
  /** One message, prefix not counted. The size the reference accepts; most providers accept 25 to 50 MB. */
  messageBytes: 100 * 1024 * 1024,
  /** Nested multiparts and messages in one message; deeper ones are one opaque part. Each costs time for every line that may be a boundary. Dovecot: 100. */
  mimeDepth: 50,
  /** MIME parts in one message; further boundaries are ignored, so that the last part takes the rest. Keeps database rows small. Dovecot: 10,000. */
  mimeParts: 1_000,
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
  /** Original header returned in a delivery status notification. Postfix: header_size_limit, about 100 kB. */
  dsnHeaderBytes: 64 * 1024,
  /** Recipients read from a delivery status notification that came in; as many as one transaction may have. */
  dsnRecipients: 1_000,
  /** Characters of a preview. RFC 8970 §3.1: at most 256, 200 are enough. */
  previewCharacters: 200,
  /** Bytes of a text body that a preview is made from; HTML mail begins with kilobytes of styles. */
  previewSourceBytes: 32 * 1024,
} as const;
