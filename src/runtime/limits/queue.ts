/** The queue, and addresses that nothing is sent to. */
export const queueLimits = {
  /** Recipients in one mail transaction. RFC 5321 §4.5.3.1.8: every server takes 100. */
  queueRecipientsPerTransaction: 100,
  /** Messages sent to one destination before others get a turn; sessions are kept that long. */
  queueMessagesPerRun: 100,
  /** Mail exchangers of a domain that are tried in one attempt. RFC 5321 §5.1: at least two addresses. */
  queueHostsPerDestination: 5,
  /** Addresses of one host that are tried in one attempt, half of them IPv6. */
  queueAddressesPerHost: 6,
  /** Bytes of header read to show a queued message's subject. */
  queueSummaryBytes: 16 * 1024,
  /** A message up to this size is returned whole in a failure DSN with RET=FULL: it is composed in memory. */
  queueReturnedMessageBytes: 1024 * 1024,
  /** Recipients that one transaction changes when an operator changes many: mail goes on between them. */
  queueChangeStep: 1000,
  /** Rules that hold messages as they come: each message is compared with all of them. */
  queueHoldRules: 1000,
  /** Recipients of which it is known what became of them: some 300 bytes each. The oldest go first. */
  queueRetiredRows: 500_000,
  /** Addresses that one account sends nothing to. */
  suppressionsPerAccount: 100_000,
  /** Failures, within a time and without a delivery between them, after which an address is suppressed. */
  bouncesBeforeSuppression: 3,
  bounceWindowMs: 30 * 24 * 3600 * 1000,
  /** Characters of the reason that is kept with a suppressed address. */
  suppressionReasonCharacters: 300,
} as const;
