import { imapString } from './imap-string.ts';
import { renderEnvelope } from './render-envelope.ts';
import type { Disposition, MessagePart, MessageStructure, Parameters } from './structure.ts';

/** A multipart must have a part in IMAP's grammar: for one without, this stands in. */
const EMPTY_PART = '"text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0';

/**
 * Renders an IMAP BODYSTRUCTURE (`extended`) or BODY. A latin1 string: one character for each byte, so write it with
 * `Buffer.from(text, 'latin1')`. Parameters stand as in the header, RFC 2231 forms included: clients decode them.
 * Source: RFC 9051 §7.5.2
 */
export function renderBodyStructure(structure: MessageStructure, options: { extended: boolean }): string {
  return renderPart(structure.root, options.extended);
}

function renderPart(part: MessagePart, extended: boolean): string {
  if (part.children !== undefined) return renderMultipart(part, part.children, extended);
  const params = part.type === 'text' ? withCharset(part.params) : part.params;
  let text = `(${imapString(part.type)} ${imapString(part.subtype)} ${renderParams(params)} ${imapString(
    part.id,
  )} ${imapString(part.description)} ${imapString(part.encoding ?? '7bit')} ${part.bodyEnd - part.bodyStart}`;
  if (part.message !== undefined) {
    text += ` ${renderEnvelope(part.message)} ${renderPart(part.message.root, extended)} ${part.lines}`;
  } else if (part.type === 'text') {
    text += ` ${part.lines}`;
  }
  if (extended) text += ` ${imapString(part.md5)} ${renderExtension(part)}`;
  return `${text})`;
}

function renderMultipart(part: MessagePart, children: MessagePart[], extended: boolean): string {
  let text = '(';
  for (const child of children) text += renderPart(child, extended);
  if (children.length === 0) text += `(${EMPTY_PART}${extended ? ' NIL NIL NIL NIL' : ''})`;
  text += ` ${imapString(part.subtype)}`;
  if (extended) text += ` ${renderParams(part.params)} ${renderExtension(part)}`;
  return `${text})`;
}

function renderExtension(part: MessagePart): string {
  return `${renderDisposition(part.disposition)} ${renderLanguages(part.language)} ${imapString(part.location)}`;
}

function renderDisposition(disposition: Disposition | undefined): string {
  return disposition === undefined ? 'NIL' : `(${imapString(disposition.type)} ${renderParams(disposition.params)})`;
}

function renderLanguages(languages: readonly string[] | undefined): string {
  if (languages === undefined) return 'NIL';
  return `(${languages.map(imapString).join(' ')})`;
}

/** Text without a charset is in US-ASCII (RFC 2046 §4.1.2), which is said for clients that don't know it. */
function withCharset(params: Parameters): Parameters {
  if (params.some(([name]) => name.toLowerCase() === 'charset')) return params;
  return [...params, ['charset', 'us-ascii']];
}

function renderParams(params: Parameters): string {
  if (params.length === 0) return 'NIL';
  return `(${params.map(([name, value]) => `${imapString(name)} ${imapString(value)}`).join(' ')})`;
}
