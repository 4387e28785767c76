import { imapString } from './imap-string.ts';
import { parseAddressItems } from './parse-address-list.ts';
import type { ByteText, EnvelopeFields } from './structure.ts';

/**
 * Renders an IMAP ENVELOPE, with its parentheses. A latin1 string: one character for each byte, so write it with
 * `Buffer.from(text, 'latin1')`.
 * Source: RFC 9051 §7.5.2
 */
export function renderEnvelope(structure: { envelope: EnvelopeFields }): string {
  const { envelope } = structure;
  const from = renderAddresses(envelope.from);
  const sender = renderAddresses(envelope.sender);
  const replyTo = renderAddresses(envelope.replyTo);
  return `(${imapString(envelope.date)} ${imapString(envelope.subject)} ${from} ${
    sender === 'NIL' ? from : sender
  } ${replyTo === 'NIL' ? from : replyTo} ${renderAddresses(envelope.to)} ${renderAddresses(envelope.cc)} ${renderAddresses(
    envelope.bcc,
  )} ${imapString(envelope.inReplyTo)} ${imapString(envelope.messageId)})`;
}

function renderAddresses(value: ByteText | undefined): string {
  if (value === undefined) return 'NIL';
  let text = '';
  for (const item of parseAddressItems(value)) {
    if (item.kind === 'group-start') text += `(NIL NIL ${imapString(item.name)} NIL)`;
    else if (item.kind === 'group-end') text += '(NIL NIL NIL NIL)';
    else {
      const { name, route, localpart, domain } = item.mailbox;
      // A NIL host would mean a group. The words for what is missing are Dovecot's, which clients know.
      text += `(${imapString(name || undefined)} ${imapString(route || undefined)} ${imapString(
        localpart || 'MISSING_MAILBOX',
      )} ${imapString(domain || 'MISSING_DOMAIN')})`;
    }
  }
  return text === '' ? 'NIL' : `(${text})`;
}
