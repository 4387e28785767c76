/** Fields that SEARCH looks up in the envelope: RFC 9051 §6.4.4; and by HEADER those that clients know their own messages by. */
export const envelopeKeys: ReadonlySet<string> = new Set([
  ...['bcc', 'cc', 'from', 'subject', 'to'],
  ...['in-reply-to', 'message-id'],
]);
