import { limits } from '../runtime/limits.ts';
import { encodeQuotedPrintable } from './encode-quoted-printable.ts';
import { formatMailbox } from './format-address.ts';
import { formatDate } from './format-date.ts';
import { formatField } from './format-field.ts';
import { textEncoding } from './text-encoding.ts';

export type DsnAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** One recipient of a delivery status notification. Source: RFC 3464 §2.3 */
export interface DsnRecipient {
  /** The address that was tried, without brackets. */
  finalRecipient: string;
  /** ORCPT, decoded from xtext: `type;address`. */
  originalRecipient?: string;
  action: DsnAction;
  /** Enhanced status code, such as `5.1.1`. */
  status: string;
  /** Name of the server that answered. */
  remoteMta?: string;
  /** What it answered, such as `550 5.1.1 no such user`, or our own text when no server did. */
  diagnosticCode?: string;
  lastAttemptAtMs?: number;
  /** Only with `delayed`. */
  willRetryUntilMs?: number;
}

export interface DsnOptions {
  /** Where it goes: the reverse path of the original message, without brackets. */
  to: string;
  /** Address that it is from, such as `postmaster@mail.example.org`. */
  from: string;
  /** Without brackets. */
  messageId: string;
  dateMs: number;
  /** Host name of this server. */
  reportingMta: string;
  /** ENVID, decoded from xtext. */
  originalEnvelopeId?: string;
  arrivedAtMs?: number;
  /** At least one. */
  recipients: readonly DsnRecipient[];
  /** The original message: its header, or all of it (RET=FULL). */
  original: { bytes: Uint8Array; full: boolean };
  /** Raw Message-ID of the original, with brackets. */
  originalMessageId?: string;
  /** The original came with SMTPUTF8, so that the notification may hold UTF-8 (RFC 6533). */
  smtpUtf8: boolean;
  /** Text that makes the boundary unique, such as random hexadecimal digits. */
  boundary: string;
}

/**
 * Composes a delivery status notification as a complete message with CRLF. It is ASCII, except with `smtpUtf8`, and except the 8-bit
 * bytes of a full original.
 * Source: RFC 3464, RFC 6522, RFC 6533
 */
export function composeDsn(options: DsnOptions): Buffer {
  const utf8 = options.smtpUtf8;
  const boundary = `=_dsn_${options.boundary}`;
  const original = originalPart(options);
  const statusType = utf8 ? 'message/global-delivery-status' : 'message/delivery-status';
  const status = Buffer.from(statusFields(options), 'utf8');
  const human = Buffer.from(humanText(options), 'utf8');
  // Headers with UTF-8 can only travel as 8bit; full originals may be 8bit.
  const eightBit = original.encoding === '8bit' || hasEightBit(status) || hasEightBit(human);
  let header =
    formatField('Date', formatDate(options.dateMs)) +
    formatField('From', formatMailbox('Mail Delivery System', options.from)) +
    formatField('To', options.to) +
    formatField('Subject', subjectOf(options)) +
    formatField('Message-ID', `<${options.messageId}>`);
  const answered = options.originalMessageId ?? '';
  if (answered !== '' && answered.length <= 900) {
    header += formatField('In-Reply-To', answered) + formatField('References', answered);
  }
  // RFC 3834 §3.1.7: so that nobody answers it.
  header += formatField('Auto-Submitted', 'auto-replied');
  header += formatField('MIME-Version', '1.0');
  header += `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"\r\n`;
  if (eightBit) header += formatField('Content-Transfer-Encoding', '8bit');
  const part = (type: string, description: string, encoding: string): string =>
    `\r\n--${boundary}\r\nContent-Type: ${type}\r\nContent-Description: ${description}\r\n` +
    `Content-Transfer-Encoding: ${encoding}\r\n\r\n`;
  return Buffer.concat([
    Buffer.from(`${header}\r\nThis is a delivery status notification in MIME format.\r\n`, 'utf8'),
    Buffer.from(part('text/plain; charset=utf-8', 'Notification', hasEightBit(human) ? '8bit' : '7bit'), 'latin1'),
    human,
    Buffer.from(part(statusType, 'Delivery report', hasEightBit(status) ? '8bit' : '7bit'), 'latin1'),
    status,
    Buffer.from(part(original.type, original.description, original.encoding), 'latin1'),
    original.bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'),
  ]);
}

function subjectOf(options: DsnOptions): string {
  const actions = new Set(options.recipients.map((recipient) => recipient.action));
  if (actions.has('failed')) return 'Undelivered mail returned to sender';
  if (actions.has('delayed')) return 'Delayed mail (still being retried)';
  return 'Successful mail delivery report';
}

const EXPLANATIONS: Readonly<Record<DsnAction, string>> = {
  failed: 'Your message could not be delivered to these recipients. It will not be tried again.',
  delayed:
    'Your message could not be delivered to these recipients yet. It is being tried again: you need not do anything.',
  delivered: 'Your message was delivered to these recipients.',
  relayed: 'Your message was passed on to a server that sends no notifications, for these recipients.',
  expanded: 'Your message was passed on to the members of these lists.',
};

function humanText(options: DsnOptions): string {
  const lines = [`This is the mail system at ${options.reportingMta}.`];
  for (const action of Object.keys(EXPLANATIONS) as DsnAction[]) {
    const recipients = options.recipients.filter((recipient) => recipient.action === action);
    if (recipients.length === 0) continue;
    lines.push('', EXPLANATIONS[action]);
    for (const recipient of recipients) {
      lines.push('', `  <${visible(recipient.finalRecipient, options.smtpUtf8)}>`);
      const reply = recipient.diagnosticCode ?? '';
      if (recipient.remoteMta !== undefined)
        lines.push(`    Server: ${visible(recipient.remoteMta, options.smtpUtf8)}`);
      if (reply !== '') lines.push(...wrap(`Reply: ${visible(reply, options.smtpUtf8)}`));
      if (recipient.willRetryUntilMs !== undefined && action === 'delayed') {
        lines.push(`    Retried until: ${formatDate(recipient.willRetryUntilMs)}`);
      }
    }
  }
  return `${lines.join('\r\n')}\r\n`;
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '   ';
  for (const word of text.split(' ')) {
    if (line.length + word.length > 76 && line.trim() !== '') {
      lines.push(line);
      line = '     ';
    }
    line += ` ${word}`;
  }
  lines.push(line);
  return lines;
}

function statusFields(options: DsnOptions): string {
  const utf8 = options.smtpUtf8;
  let text = '';
  if (options.originalEnvelopeId !== undefined) {
    text += formatField('Original-Envelope-Id', visible(options.originalEnvelopeId, utf8));
  }
  text += formatField('Reporting-MTA', `dns; ${options.reportingMta}`);
  if (options.arrivedAtMs !== undefined) text += formatField('Arrival-Date', formatDate(options.arrivedAtMs));
  for (const recipient of options.recipients) {
    text += '\r\n';
    if (recipient.originalRecipient !== undefined) {
      text += formatField('Original-Recipient', typedAddress(recipient.originalRecipient, utf8));
    }
    const type = isAscii(recipient.finalRecipient) ? 'rfc822' : 'utf-8';
    text += formatField('Final-Recipient', typedAddress(`${type};${recipient.finalRecipient}`, utf8));
    text += formatField('Action', recipient.action);
    text += formatField('Status', recipient.status);
    if (recipient.remoteMta !== undefined)
      text += formatField('Remote-MTA', `dns; ${visible(recipient.remoteMta, utf8)}`);
    if (recipient.diagnosticCode !== undefined && recipient.diagnosticCode !== '') {
      // RFC 3464 §2.3.6: only what an SMTP server said is of type smtp.
      const kind = /^[245]\d\d(?:[ -]|$)/.test(recipient.diagnosticCode) ? 'smtp' : 'x-restante';
      text += formatField('Diagnostic-Code', `${kind}; ${visible(recipient.diagnosticCode, utf8)}`);
    }
    if (recipient.lastAttemptAtMs !== undefined) {
      text += formatField('Last-Attempt-Date', formatDate(recipient.lastAttemptAtMs));
    }
    if (recipient.willRetryUntilMs !== undefined && recipient.action === 'delayed') {
      text += formatField('Will-Retry-Until', formatDate(recipient.willRetryUntilMs));
    }
  }
  return text;
}

/** `type; address`; UTF-8 in an ASCII notification is written as RFC 6533 §3 says (utf-8-addr-xtext). */
function typedAddress(text: string, utf8: boolean): string {
  const semicolon = text.indexOf(';');
  const type = semicolon < 0 ? 'rfc822' : text.slice(0, semicolon).trim();
  const address = text.slice(semicolon + 1).trim();
  if (utf8 || isAscii(address)) return `${type}; ${visible(address, utf8)}`;
  const encoded = [...address].map((char) =>
    /^[\x21-\x7E]$/.test(char) && char !== '\\' && char !== '+' && char !== '='
      ? char
      : `\\x{${char.codePointAt(0)!.toString(16).toUpperCase()}}`,
  );
  return `utf-8; ${encoded.join('')}`;
}

/** Text from elsewhere, made fit for one line of at most 998 bytes even in UTF-8 (RFC 5322 §2.1.1). */
function visible(text: string, utf8: boolean): string {
  const line = text
    .slice(0, utf8 && !isAscii(text) ? 300 : 900)
    .replace(/[\x00-\x20\x7F]+/g, ' ')
    .trim()
    .toWellFormed();
  return utf8 ? line : line.replace(/[^\x20-\x7E]/g, '?');
}

interface OriginalPart {
  type: string;
  description: string;
  encoding: string;
  bytes: Buffer;
}

function originalPart(options: DsnOptions): OriginalPart {
  const source = options.original.bytes;
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  if (options.original.full) {
    return {
      type: options.smtpUtf8 ? 'message/global' : 'message/rfc822',
      description: 'Undelivered message',
      encoding: hasEightBit(bytes) ? '8bit' : '7bit',
      bytes,
    };
  }
  const header = cutHeader(bytes);
  const type = options.smtpUtf8 ? 'message/global-headers' : 'text/rfc822-headers';
  const encoding = textEncoding(header, { allow8bit: options.smtpUtf8 });
  return {
    type,
    description: 'Header of the message',
    encoding,
    bytes: encoding !== 'quoted-printable' ? header : Buffer.from(encodeQuotedPrintable(header), 'latin1'),
  };
}

/** The header without its empty line, whole lines up to a limit. */
function cutHeader(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n');
  const header = end < 0 ? bytes : bytes.subarray(0, end + 2);
  if (header.length <= limits.dsnHeaderBytes) return header;
  return header.subarray(0, header.lastIndexOf('\n', limits.dsnHeaderBytes - 1) + 1);
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7F]/.test(text);
}

function hasEightBit(bytes: Buffer): boolean {
  for (let pos = 0; pos < bytes.length; pos++) if (bytes[pos]! > 127) return true;
  return false;
}
