import { EnvelopeScanner, envelopeFields } from '../imap/envelope-scanner.ts';
import { headerValues, splitHeader } from '../message/header-fields.ts';
import { decodeHeaderText } from '../message/header-text.ts';
import type { ByteText, MessageStructure } from '../message/structure.ts';
import type { MessageRow, RenderedMessageRow } from '../store/messages/message-rows.ts';

/** Fields of the envelope that are one string, not addresses. */
export const textFields: ReadonlySet<string> = new Set(['subject', 'in-reply-to', 'message-id']);

/** A message that SEARCH looks at, with as much of it as was needed so far. */
export class SearchCandidate {
  row: MessageRow;
  rendered: RenderedMessageRow | undefined;
  /** The message's own header. */
  header: ByteText | undefined;
  /** All bytes, and what they consist of. */
  content: { readonly bytes: Buffer; readonly structure: MessageStructure } | undefined;

  constructor(row: MessageRow) {
    this.row = row;
  }

  /**
   * A field of the envelope as text.
   * @returns undefined when the message has no such field
   */
  static envelopeText(envelope: string, field: string): string | undefined {
    const place = envelopeFields[field as keyof typeof envelopeFields];
    if (textFields.has(field)) {
      const text = EnvelopeScanner.string(envelope, place);
      return text === undefined ? undefined : decodeHeaderText(text);
    }
    const addresses = EnvelopeScanner.addresses(envelope, place);
    if (addresses.length === 0) return undefined;
    let text = '';
    for (const { name, mailbox, host } of addresses) {
      if (text !== '') text += ', ';
      if (host === undefined) text += mailbox === undefined ? '' : `${mailbox}:`;
      else if (name === undefined) text += `${mailbox ?? ''}@${host}`;
      else text += `${name} <${mailbox ?? ''}@${host}>`;
    }
    return decodeHeaderText(text);
  }

  /** The values of a header field, decoded. */
  static headerTexts(header: ByteText, field: string): string[] {
    return headerValues(header, splitHeader(header), field).map(decodeHeaderText);
  }
}
