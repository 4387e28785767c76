import { limits } from '../runtime/limits.ts';
import { type HeaderField, splitHeader, unfold } from './header-fields.ts';
import { parameterValue } from './parameter-value.ts';
import { parseContentType, parseDisposition, parseLanguages } from './parameters.ts';
import type { EnvelopeFields, MessagePart, MessageStructure } from './structure.ts';

/** Which envelope field a header field is, by its lower-case name. */
const ENVELOPE_KEYS: ReadonlyMap<string, keyof EnvelopeFields> = new Map([
  ['date', 'date'],
  ['subject', 'subject'],
  ['from', 'from'],
  ['sender', 'sender'],
  ['reply-to', 'replyTo'],
  ['to', 'to'],
  ['cc', 'cc'],
  ['bcc', 'bcc'],
  ['in-reply-to', 'inReplyTo'],
  ['message-id', 'messageId'],
]);

export interface HeaderReading {
  /** Boundary, when the part is a multipart that has one. */
  boundary: string | undefined;
  /** How much text was kept. */
  textBytes: number;
}

/** Text of one header that may still be kept. */
interface Keeper {
  header: string;
  left: number;
  /** The header is long: a kept value must not keep the whole header in memory. */
  copies: boolean;
  /** A valid Content-Type has been read. */
  typed: boolean;
}

/** Reads the header of the message itself. */
export function readTopHeader(
  header: string,
  part: MessagePart,
  textBudget: number,
): HeaderReading & { facts: Omit<MessageStructure, 'sizeBytes' | 'root'> } {
  const keeper = newKeeper(header, textBudget);
  const facts: Omit<MessageStructure, 'sizeBytes' | 'root'> = { envelope: {}, receivedCount: 0, fromCount: 0 };
  let boundary: string | undefined;
  for (const field of splitHeader(header)) {
    const name = field.name;
    switch (name) {
      case 'received':
        facts.receivedCount++;
        break;
      case 'references':
        facts.references ??= keep(keeper, field);
        break;
      case 'list-id':
        facts.listId ??= keep(keeper, field);
        break;
      case 'auto-submitted':
        facts.autoSubmitted ??= keep(keeper, field);
        break;
      default:
        if (name === 'from') facts.fromCount++;
        if (name.startsWith('content-')) boundary = readContentField(keeper, field, part) ?? boundary;
        else readEnvelopeField(keeper, field, facts.envelope);
    }
  }
  return { boundary: finishType(part, boundary), textBytes: textBudget - keeper.left, facts };
}

/** Reads the header of a part, or of an embedded message when `message` is there. */
export function readPartHeader(
  header: string,
  part: MessagePart,
  inDigest: boolean,
  message: { envelope: EnvelopeFields } | undefined,
  textBudget: number,
): HeaderReading {
  const keeper = newKeeper(header, textBudget);
  let boundary: string | undefined;
  for (const field of splitHeader(header)) {
    if (field.name.startsWith('content-')) boundary = readContentField(keeper, field, part) ?? boundary;
    else if (message !== undefined) readEnvelopeField(keeper, field, message.envelope);
  }
  if (!keeper.typed && inDigest) {
    part.type = 'message';
    part.subtype = 'rfc822';
  }
  return { boundary: finishType(part, boundary), textBytes: textBudget - keeper.left };
}

function newKeeper(header: string, left: number): Keeper {
  return { header, left, copies: header.length > 16_384, typed: false };
}

/** The unfolded value, or undefined when no more text may be kept. */
function keep(keeper: Keeper, field: HeaderField): string | undefined {
  if (field.end - field.valueStart > keeper.left) return undefined;
  const value = unfold(keeper.header.slice(field.valueStart, field.end));
  keeper.left -= value.length;
  return keeper.copies ? Buffer.from(value, 'latin1').toString('latin1') : value;
}

function readEnvelopeField(keeper: Keeper, field: HeaderField, envelope: EnvelopeFields): void {
  const key = ENVELOPE_KEYS.get(field.name);
  if (key === undefined) return;
  const former = envelope[key];
  if (former === undefined) {
    const value = keep(keeper, field);
    if (value !== undefined) envelope[key] = value;
  } else if (key === 'to' || key === 'cc' || key === 'bcc') {
    const more = keep(keeper, field);
    if (more !== undefined && more !== '') envelope[key] = former === '' ? more : `${former}, ${more}`;
  }
}

/** @returns the boundary, when the field has one. Of repeated fields the first counts. */
function readContentField(keeper: Keeper, field: HeaderField, part: MessagePart): string | undefined {
  switch (field.name) {
    case 'content-type': {
      if (keeper.typed) return undefined;
      const value = keep(keeper, field);
      const parsed = value === undefined ? undefined : parseContentType(value);
      if (parsed === undefined) return undefined;
      keeper.typed = true;
      part.type = parsed.type;
      part.subtype = parsed.subtype;
      part.params = parsed.params;
      return parsed.type === 'multipart' ? parameterValue(parsed.params, 'boundary') : undefined;
    }
    case 'content-transfer-encoding': {
      if (part.encoding !== undefined) return undefined;
      // Comments and parameters have been seen here; the first token is what is meant.
      const token = /^[ \t"]*([!#-'*-:<-~]+)/.exec(keep(keeper, field) ?? '');
      if (token !== null) part.encoding = token[1]!.toLowerCase();
      return undefined;
    }
    case 'content-disposition':
      part.disposition ??= parseDisposition(keep(keeper, field) ?? '');
      return undefined;
    case 'content-id':
      part.id ??= keep(keeper, field);
      return undefined;
    case 'content-description':
      part.description ??= keep(keeper, field);
      return undefined;
    case 'content-md5':
      part.md5 ??= keep(keeper, field);
      return undefined;
    case 'content-language':
      part.language ??= parseLanguages(keep(keeper, field) ?? '');
      return undefined;
    case 'content-location':
      part.location ??= keep(keeper, field);
      return undefined;
    default:
      return undefined;
  }
}

/** Settles the type that the part is treated as, see `MessagePart.type`. */
function finishType(part: MessagePart, boundary: string | undefined): string | undefined {
  if (part.type === 'multipart') {
    // RFC 2046 §5.1.1 allows no space at the end; programs that fold inside the quotes leave some.
    const trimmed = boundary?.replace(/[ \t]+$/, '');
    if (trimmed !== undefined && trimmed !== '' && trimmed.length <= limits.mimeBoundaryBytes) return trimmed;
    // RFC 2045 §5.2: an invalid field means plain text. A multipart without boundary has nothing to be split by.
    part.type = 'text';
    part.subtype = 'plain';
    part.params = [];
  } else if (part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global')) {
    const encoding = part.encoding;
    if (encoding === 'base64' || encoding === 'quoted-printable') {
      // RFC 2046 §5.2.1 forbids it, RFC 6532 §3.7 allows it for message/global; the offsets inside would be meaningless.
      part.type = 'application';
      part.subtype = 'octet-stream';
    }
  }
  return undefined;
}
