import { EnvelopeScanner, envelopeFields } from '../imap/envelope-scanner.ts';
import { headerValues, splitHeader } from '../message/header-fields.ts';
import { decodeHeaderText } from '../message/header-text.ts';
import type { MessageStructure } from '../message/structure.ts';
import type { MessageRow, RenderedMessageRow } from '../store/account.ts';

/** A message that SEARCH looks at, with as much of it as was needed so far. */
export class SearchCandidate {
  row: MessageRow;
  rendered: RenderedMessageRow | undefined;
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
    if (place === envelopeFields.subject) {
      const subject = EnvelopeScanner.string(envelope, place);
      return subject === undefined ? undefined : decodeHeaderText(subject);
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
  static headerTexts(bytes: Buffer, structure: MessageStructure, field: string): string[] {
    const { headerStart, bodyStart } = structure.root;
    const header = bytes.toString('latin1', headerStart, bodyStart);
    return headerValues(header, splitHeader(header), field).map(decodeHeaderText);
  }
}
