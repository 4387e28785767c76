import { decodeCharset } from '../message/charset.ts';
import { headerValues, splitHeader } from '../message/header-fields.ts';
import { decodeHeaderText } from '../message/header-text.ts';
import { parameterValue } from '../message/parameter-value.ts';
import { rawParameter } from '../message/parameters.ts';
import { parseAddressList } from '../message/parse-address-list.ts';
import { parseDate } from '../message/parse-date.ts';
import { parseMessageIds } from '../message/parse-message-ids.ts';
import type { ByteText, MessagePart } from '../message/structure.ts';
import { decodeTransfer } from '../message/transfer-decoder.ts';
import { limits } from '../runtime/limits.ts';
import type { DeliveredMessage } from './follow-incoming.ts';

/**
 * The body of a webhook's request for a message that came in, as JSON. Members are added to it, never taken away or changed, while
 * `version` is 1. Of the message, at most `limits.webhookMessageBytes` are read.
 */
export async function incomingPayload(account: string, message: DeliveredMessage): Promise<string> {
  const structure = await message.structure();
  const bytes = await message.content(limits.webhookMessageBytes);
  const { envelope } = structure;
  const parts = leaves(structure.root);
  const header = bytes.toString('latin1', 0, Math.min(structure.root.bodyStart, limits.headerBytes));
  return JSON.stringify({
    version: 1,
    event: 'incoming',
    account,
    mailbox: message.mailbox,
    uid: message.uid,
    receivedAt: new Date(message.receivedAt).toISOString(),
    sizeBytes: message.sizeBytes,
    mailFrom: message.mailFrom,
    rcptTo: message.rcptTo,
    from: addresses(envelope.from),
    replyTo: addresses(envelope.replyTo),
    to: addresses(envelope.to),
    cc: addresses(envelope.cc),
    subject: decodeHeaderText(envelope.subject ?? ''),
    date: dateOf(envelope.date),
    messageId: messageIds(envelope.messageId)[0] ?? null,
    inReplyTo: messageIds(envelope.inReplyTo),
    references: messageIds(structure.references),
    listId: structure.listId === undefined ? null : decodeHeaderText(structure.listId),
    autoSubmitted: structure.autoSubmitted ?? null,
    text: textOf(find(parts, 'plain'), bytes),
    html: textOf(find(parts, 'html'), bytes),
    attachments: parts.filter(isAttachment).slice(0, limits.webhookListLength).map(attachment),
    authentication: authentication(header),
  });
}

function leaves(part: MessagePart): MessagePart[] {
  return part.children === undefined ? [part] : part.children.flatMap(leaves);
}

function isAttachment(part: MessagePart): boolean {
  return part.disposition?.type === 'attachment' || part.type !== 'text';
}

function find(parts: readonly MessagePart[], subtype: string): MessagePart | undefined {
  return parts.find((part) => part.subtype === subtype && !isAttachment(part));
}

function textOf(part: MessagePart | undefined, bytes: Buffer): { content: string; isCut: boolean } | null {
  if (part === undefined || part.bodyStart >= bytes.length) return null;
  try {
    const body = decodeTransfer(bytes.subarray(part.bodyStart, part.bodyEnd), part.encoding);
    const text = decodeCharset(body, rawParameter(part.params, 'charset') ?? '');
    const content = text.slice(0, limits.webhookTextCharacters).toWellFormed();
    return { content, isCut: text.length > content.length || part.bodyEnd > bytes.length };
  } catch {
    // An unknown encoding: what it says can't be known.
    return null;
  }
}

function attachment(part: MessagePart): object {
  const name = parameterValue(part.disposition?.params ?? [], 'filename') ?? parameterValue(part.params, 'name');
  return {
    name: name?.slice(0, limits.webhookNameCharacters) ?? null,
    type: `${part.type}/${part.subtype}`,
    disposition: part.disposition?.type ?? null,
    contentId: messageIds(part.id)[0] ?? null,
    encodedBytes: part.bodyEnd - part.bodyStart,
  };
}

function addresses(field: ByteText | undefined): { name: string; address: string }[] {
  if (field === undefined) return [];
  return parseAddressList(field)
    .filter(({ localpart }) => localpart !== '')
    .slice(0, limits.webhookListLength)
    .map(({ name, localpart, domain }) => ({ name: name ?? '', address: `${localpart}@${domain}` }));
}

function messageIds(field: ByteText | undefined): string[] {
  return field === undefined ? [] : parseMessageIds(field).slice(0, limits.webhookListLength);
}

function dateOf(field: ByteText | undefined): string | null {
  const date = parseDate(field ?? '');
  return date === undefined ? null : new Date(date.timestampMs).toISOString();
}

/** The results that this server has put on top, if it looked into the message (RFC 8601 §2.2): those below may be anybody's. */
function authentication(header: string): string | null {
  const fields = splitHeader(header);
  const received = fields.findIndex(({ name }) => name === 'received');
  const own = received === -1 ? [] : fields.slice(0, received);
  const value = headerValues(header, own, 'authentication-results')[0];
  return value === undefined ? null : decodeHeaderText(value);
}
