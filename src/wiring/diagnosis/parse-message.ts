import { decodeHeaderText } from '../../message/header-text.ts';
import type { EnvelopeFields, MessagePart } from '../../message/structure.ts';
import { parseStructure } from '../../message/structure-parser.ts';

/** A part of a message, for people and programs. Offsets and sizes in bytes. */
export interface ShownPart {
  readonly type: string;
  readonly encoding: string;
  readonly name?: string;
  readonly disposition?: string;
  readonly offset: number;
  readonly size: number;
  readonly parts?: readonly ShownPart[];
  readonly message?: { readonly header: Readonly<Record<string, string>>; readonly part: ShownPart };
}

export interface ParsedMessage {
  readonly sizeBytes: number;
  readonly header: Readonly<Record<string, string>>;
  readonly fromFields: number;
  readonly receivedFields: number;
  readonly part: ShownPart;
}

/** What this server makes of a message: the fields that IMAP's ENVELOPE has, and the parts. @param content with CRLF line ends */
export function parseMessage(content: Uint8Array): ParsedMessage {
  const { sizeBytes, envelope, fromCount, receivedCount, root } = parseStructure(content);
  return {
    sizeBytes,
    header: shownHeader(envelope),
    fromFields: fromCount,
    receivedFields: receivedCount,
    part: shownPart(root),
  };
}

function shownHeader(envelope: EnvelopeFields): Record<string, string> {
  return Object.fromEntries(Object.entries(envelope).map(([name, value]) => [name, decodeHeaderText(value as string)]));
}

function shownPart(part: MessagePart): ShownPart {
  const { type, subtype, encoding = '7bit', params, disposition, bodyStart, bodyEnd, children, message } = part;
  const find = (from: MessagePart['params'] | undefined, name: string): string | undefined =>
    from?.find(([key]) => key.toLowerCase() === name)?.[1];
  const name = find(disposition?.params, 'filename') ?? find(params, 'name');
  return {
    type: `${type}/${subtype}`,
    encoding,
    ...(name === undefined ? {} : { name: decodeHeaderText(name) }),
    ...(disposition === undefined ? {} : { disposition: disposition.type }),
    offset: bodyStart,
    size: bodyEnd - bodyStart,
    ...(children === undefined ? {} : { parts: children.map(shownPart) }),
    ...(message === undefined
      ? {}
      : { message: { header: shownHeader(message.envelope), part: shownPart(message.root) } }),
  };
}
