/** SMTP, of both sides. */
export const smtpLimits = {
  /** Command line with its CRLF. RFC 5321 §4.5.3.1.4 says 512, and each extension of MAIL and RCPT adds to it. */
  smtpCommandBytes: 2048,
  /** Line of an AUTH exchange. RFC 4954 §4. */
  smtpAuthLineBytes: 12_288,
  /** RFC 5321 §4.5.3.1.1 says 64; bulk senders make longer localparts for bounces. */
  smtpSenderLocalpartBytes: 128,
  /** RFC 5321 §4.5.3.1.1. */
  smtpRecipientLocalpartBytes: 64,
  /** RFC 5321 §4.5.3.1.3. */
  smtpPathBytes: 256,
  /** Recipients of one message. RFC 5321 §4.5.3.1.8: at least 100. */
  smtpRecipients: 1000,
  /** Wait for a command. RFC 5321 §4.5.3.2.7: at least 5 minutes. */
  smtpCommandTimeoutMs: 5 * 60 * 1000,
  /** Wait for the next bytes of a message. RFC 5321 §4.5.3.2.5: senders wait 3 minutes for us. */
  smtpDataChunkTimeoutMs: 5 * 60 * 1000,
  /** One message from DATA to its end. The reference's. */
  smtpDataTimeoutMs: 30 * 60 * 1000,
  /** One BDAT chunk: any size that fits a message; this many bytes of refused chunks or data are read before the connection is closed. */
  smtpDiscardedBytes: 100 * 1024 * 1024,
  /** Wait for the peer to take replies, and for a TLS handshake or PROXY header to be complete. */
  smtpHandshakeTimeoutMs: 60 * 1000,
  /** Replies that may wait for a peer that doesn't read, before its commands wait. */
  smtpReplyBytes: 64 * 1024,
  /** Errors of one connection, after which it is closed. Postfix: 20 (smtpd_hard_error_limit). */
  smtpErrors: 20,
  /** Errors after which each further one is answered late. Postfix: 10 (smtpd_soft_error_limit). */
  smtpErrorsUntilTarpit: 5,
  /** How late. */
  smtpTarpitMs: 1000,
  /** Commands that get nothing done between two messages; more count as errors. Postfix: 100 (smtpd_junk_command_limit). */
  smtpJunkCommands: 100,
  /** Received fields above which a message is taken to loop. RFC 5321 §6.3: at least 100. */
  receivedFields: 100,
  /** Aliases within aliases. */
  aliasDepth: 10,
  /** Recipients that the aliases of one message expand to. */
  aliasMembers: 10_000,
  /** FUTURERELEASE: how far ahead. RFC 4865 §3. */
  smtpHoldMs: 30 * 24 * 60 * 60 * 1000,
  /** Line of a reply. RFC 5321 §4.5.3.1.5 says 512; some peers explain themselves at length. */
  smtpReplyLineBytes: 4096,
  /** Lines of one reply. The longest are to EHLO, with some 30. */
  smtpReplyLines: 200,
  /** One BDAT command of the client: the whole of it is in memory. */
  smtpChunkBytes: 256 * 1024,
} as const;
