/** Notices that come in, and webhooks. */
export const webhookLimits = {
  /** How long deliveries to an account gather before notices among them are read, and webhooks told. */
  incomingFollowDelayMs: 1_000,
  /** Deliveries of an account that are looked at again after a restart, when nothing says where to go on. */
  incomingLookBack: 1_000,
  /** Requests of webhooks of one account that may wait, some 100 KiB each at most; further ones are left out. */
  webhooksPerAccount: 10_000,
  /** Accounts whose webhooks are sent at the same time. */
  webhooksAtOnce: 10,
  /** Until the status of the answer to a webhook is there. */
  webhookTimeoutMs: 30_000,
  /** How long it is known how webhooks ended. */
  retiredWebhookMs: 7 * 24 * 3600 * 1000,
  /** How long it is known which deliveries were looked at; must be more than `deliveredWithinMs` of delivery/follow-incoming.ts. */
  incomingSeenMs: 5 * 24 * 3600 * 1000,
  /** Characters of plain text, and of HTML, that a webhook shows of a message that came in. */
  webhookTextCharacters: 32 * 1024,
  /** Bytes of a message that a webhook's texts are taken from. */
  webhookMessageBytes: 1024 * 1024,
  /** Attachments, addresses and Message-IDs that a webhook names. */
  webhookListLength: 100,
  /** Characters of the name of an attachment there. */
  webhookNameCharacters: 255,
  /** Bytes of an incoming delivery status notification that are read: it may hold the whole message it is about. */
  incomingNoticeBytes: 1024 * 1024,
  /** Recipients of one notification that are looked for among the messages sent. */
  incomingNoticeRecipients: 100,
} as const;
