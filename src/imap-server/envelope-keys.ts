/** Fields that SEARCH looks up in the envelope: RFC 9051 §6.4.4. */
export const envelopeKeys: ReadonlySet<string> = new Set(['bcc', 'cc', 'from', 'subject', 'to']);
