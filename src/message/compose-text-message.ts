import { encodeHeaderText } from './encode-header-text.ts';
import { encodeQuotedPrintable } from './encode-quoted-printable.ts';
import { formatDate } from './format-date.ts';
import { formatField } from './format-field.ts';
import { textEncoding } from './text-encoding.ts';

export interface TextMessage {
  /** Formatted mailboxes, see `formatMailbox`. */
  from: string;
  to: readonly string[];
  subject: string;
  /** Without brackets. */
  messageId: string;
  dateMs: number;
  /** Further fields in order, values fit for a header. */
  fields?: readonly (readonly [name: string, value: string])[];
  /** Any line ends. */
  text: string;
}

/**
 * Composes a plain text message: ASCII only, except that addresses may hold UTF-8 (RFC 6532).
 * Source: RFC 5322 §3.6, RFC 2045
 */
export function composeTextMessage(message: TextMessage): Buffer {
  const body = Buffer.from(message.text.replace(/\r\n?|\n/g, '\r\n'), 'utf8');
  const encoding = textEncoding(body, { allow8bit: false });
  const header =
    formatField('Date', formatDate(message.dateMs)) +
    formatField('From', message.from) +
    formatField('To', message.to.join(', ')) +
    formatField('Subject', encodeHeaderText(message.subject)) +
    formatField('Message-ID', `<${message.messageId}>`) +
    (message.fields ?? []).map(([name, value]) => formatField(name, value)).join('') +
    formatField('MIME-Version', '1.0') +
    formatField('Content-Type', 'text/plain; charset=utf-8') +
    formatField('Content-Transfer-Encoding', encoding);
  return Buffer.concat([
    Buffer.from(`${header}\r\n`, 'utf8'),
    encoding === '7bit' ? body : Buffer.from(encodeQuotedPrintable(body), 'latin1'),
  ]);
}
