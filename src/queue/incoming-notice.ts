/** What a delivery status notification that came in for an account says. Nothing in it is believed of messages that were not sent. */
export interface IncomingNotice {
  readonly account: string;
  /** Of the message that it came in: it is taken once. */
  readonly contentId: number;
  /** The address that it was sent to: the envelope sender of the message that it is about. */
  readonly recipient: string;
  /** Message-ID of the original message, without brackets, when the notification says. */
  readonly originalMessageId: string | undefined;
  readonly recipients: readonly NoticeRecipientStatus[];
}

/** Source: RFC 3464 §2.3 */
export interface NoticeRecipientStatus {
  /** Lower case, such as `failed`. */
  readonly action: string;
  /** RFC 3463, such as `5.1.1`; may be empty. */
  readonly status: string;
  /** Final recipient, and the original one if it is said. */
  readonly addresses: readonly string[];
  /** Who says it, and what the server that refused said. */
  readonly reportingMta: string | undefined;
  readonly diagnostic: string | undefined;
}

/** A recipient of a message of ours that a notification was about. */
export interface NoticedRecipient {
  readonly id: number;
  readonly action: string;
  readonly suppressed: boolean;
}
