import type { HeaderSummary } from './header-summary.ts';
import type { NewQueueMessage } from './operations.ts';
import type { SubmittedMessage } from './queue.ts';
import { InvalidQueueRecipientError } from './queue-errors.ts';
import { recipientDomain } from './recipient-domain.ts';
import type { MessageRow } from './schema.ts';

/** @throws InvalidQueueRecipientError */
export function newRecipients(message: SubmittedMessage): NewQueueMessage['recipients'] {
  return message.recipients.map(({ address, notify, orcpt }) => {
    const domain = recipientDomain(address);
    if (domain === undefined) throw new InvalidQueueRecipientError(address);
    return {
      address,
      domain,
      notify: notify === undefined || notify.length === 0 ? null : notify.join(',').toUpperCase(),
      orcpt: orcpt ?? null,
    };
  });
}

/** The row of a message that is submitted. */
export function newMessageRow(
  message: SubmittedMessage,
  summary: HeaderSummary,
  { id, now }: { id: number; now: number },
): MessageRow {
  return {
    id,
    account: message.account ?? null,
    sender: message.sender,
    size_bytes: message.file.sizeBytes,
    sha256: message.file.sha256,
    prefix: message.prefix ?? new Uint8Array(0),
    subject: summary.subject,
    message_id_header: summary.messageIdHeader,
    ret: message.ret ?? null,
    envid: message.envid ?? null,
    smtputf8: message.smtputf8 ? 1 : 0,
    body: message.body,
    require_tls: message.requireTls ? 1 : 0,
    // RFC 8689 §5: the header field yields to the MAIL parameter.
    tls_optional: summary.isTlsOptional && !message.requireTls ? 1 : 0,
    is_dsn: message.isDsn ? 1 : 0,
    report: message.report ?? null,
    queued_at: now,
  };
}
