import { headerValues, splitHeader } from '../message/header-fields.ts';

const subjectLength = 200;
const messageIdLength = 300;

export interface HeaderSummary {
  /** As it stands in the header: RFC 2047 encoded words are not decoded. */
  readonly subject: string;
  readonly messageIdHeader: string;
  /** `TLS-Required: No` (RFC 8689 §5): the sender prefers delivery to what the recipient's domain wants of TLS. */
  readonly isTlsOptional: boolean;
}

/** What the queue has to know of a message's header. */
export function headerSummary(header: Buffer): HeaderSummary {
  const text = header.toString('latin1');
  const fields = splitHeader(text);
  const first = (name: string): string => headerValues(text, fields, name)[0] ?? '';
  const unicode = (value: string): string => Buffer.from(value, 'latin1').toString();
  return {
    subject: unicode(first('subject')).slice(0, subjectLength),
    messageIdHeader: unicode(first('message-id')).replace(/^<|>$/g, '').slice(0, messageIdLength),
    isTlsOptional: first('tls-required').trim().toLowerCase() === 'no',
  };
}
