import { limits } from '../runtime/limits.ts';
import { headerValues, splitHeader } from './header-fields.ts';
import { decodeHeaderText } from './header-text.ts';
import { rawParameter } from './parameters.ts';
import { parseDate } from './parse-date.ts';
import type { MessagePart, MessageStructure } from './structure.ts';
import { decodeTransfer } from './transfer-decoder.ts';
import { trimBlanks } from './trim-blanks.ts';

export interface ParsedDsn {
  originalEnvelopeId?: string;
  reportingMta?: string;
  arrivedAtMs?: number;
  recipients: ParsedDsnRecipient[];
  /** Message-ID value of the original message, when its header came along. */
  originalMessageId?: string;
}

/** Field values without their type (`rfc822;`, `dns;`, `smtp;`). */
export interface ParsedDsnRecipient {
  finalRecipient: string;
  originalRecipient?: string;
  /** Lower case. */
  action: string;
  status: string;
  remoteMta?: string;
  diagnosticCode?: string;
}

/** Whether a message says that it is a delivery status notification. Source: RFC 3464 §2 */
export function isDsn(structure: MessageStructure): boolean {
  const { root } = structure;
  if (root.type !== 'multipart' || root.subtype !== 'report') return false;
  const type = rawParameter(root.params, 'report-type')?.toLowerCase();
  return type === 'delivery-status' || (type === undefined && statusPart(root) !== undefined);
}

/**
 * Reads a delivery status notification. At most `limits.dsnRecipients` recipients.
 * @param message all its bytes
 * @returns undefined when the message is none, or holds no recipient
 * Source: RFC 3464 §2, RFC 6533 §4
 */
export function parseDsn(message: Uint8Array, structure: MessageStructure): ParsedDsn | undefined {
  const part = isDsn(structure) ? statusPart(structure.root) : undefined;
  if (part === undefined) return undefined;
  const body = message.subarray(part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + limits.headerBytes));
  let text: string;
  try {
    text = decodeTransfer(body, part.encoding).toString('latin1');
  } catch {
    // An unknown encoding: what it says can't be known.
    return undefined;
  }
  const groups = trimBlanks(text).split(/\r?\n(?:[ \t]*\r?\n)+/, limits.dsnRecipients + 1);
  const perMessage = readGroup(groups[0]!);
  const dsn: ParsedDsn = { recipients: [] };
  const envelopeId = perMessage('original-envelope-id');
  if (envelopeId !== undefined) dsn.originalEnvelopeId = envelopeId;
  const reportingMta = perMessage('reporting-mta');
  if (reportingMta !== undefined) dsn.reportingMta = withoutType(reportingMta);
  const arrival = parseDate(perMessage('arrival-date') ?? '');
  if (arrival !== undefined) dsn.arrivedAtMs = arrival.timestampMs;
  for (const group of groups.slice(1)) {
    const recipient = readRecipient(readGroup(group));
    if (recipient !== undefined) dsn.recipients.push(recipient);
  }
  if (dsn.recipients.length === 0) return undefined;
  const messageId = originalMessageId(message, structure.root);
  if (messageId !== undefined) dsn.originalMessageId = messageId;
  return dsn;
}

function statusPart(root: MessagePart): MessagePart | undefined {
  return root.children?.find(
    (part) =>
      part.type === 'message' && (part.subtype === 'delivery-status' || part.subtype === 'global-delivery-status'),
  );
}

type Group = (name: string) => string | undefined;

function readGroup(text: string): Group {
  const fields = splitHeader(text);
  return (name) => {
    const value = headerValues(text, fields, name)[0];
    return value === undefined ? undefined : decodeHeaderText(value);
  };
}

function readRecipient(group: Group): ParsedDsnRecipient | undefined {
  const finalRecipient = group('final-recipient') ?? group('original-recipient');
  const action = group('action');
  if (finalRecipient === undefined || action === undefined) return undefined;
  const recipient: ParsedDsnRecipient = {
    finalRecipient: address(finalRecipient),
    action: action.toLowerCase(),
    status: /\d\.\d{1,3}\.\d{1,3}/.exec(group('status') ?? '')?.[0] ?? '',
  };
  const original = group('original-recipient');
  if (original !== undefined) recipient.originalRecipient = address(original);
  const remoteMta = group('remote-mta');
  if (remoteMta !== undefined) recipient.remoteMta = withoutType(remoteMta);
  const diagnostic = group('diagnostic-code');
  if (diagnostic !== undefined) recipient.diagnosticCode = withoutType(diagnostic);
  return recipient;
}

function withoutType(value: string): string {
  return value.slice(value.indexOf(';') + 1).trim();
}

/** Also takes back what `utf-8-addr-xtext` does (RFC 6533 §3). */
function address(value: string): string {
  const text = withoutType(value).replace(/^<(.*)>$/, '$1');
  if (!/^utf-8\s*;/i.test(value)) return text;
  return text.replace(/\\x\{([0-9A-Fa-f]{2,6})\}/g, (match, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : match;
  });
}

function originalMessageId(message: Uint8Array, root: MessagePart): string | undefined {
  for (const part of root.children ?? []) {
    if (part.message !== undefined) return part.message.envelope.messageId;
    const isHeader =
      (part.type === 'text' && part.subtype === 'rfc822-headers') ||
      (part.type === 'message' && part.subtype === 'global-headers');
    if (!isHeader) continue;
    const body = message.subarray(part.bodyStart, Math.min(part.bodyEnd, part.bodyStart + limits.headerBytes));
    try {
      const header = decodeTransfer(body, part.encoding).toString('latin1');
      return headerValues(header, splitHeader(header), 'message-id')[0];
    } catch {
      // An unknown encoding: the original stays unnamed.
      return undefined;
    }
  }
  return undefined;
}
