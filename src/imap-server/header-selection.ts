import type { Section } from '../imap/fetch-items.ts';
import { FieldNames, selectHeaderText } from '../message/select-header-fields.ts';
import type { ByteText } from '../message/structure.ts';
import { type IndexedHeader, isLeftOut } from '../store/text-index/indexed-header.ts';

/**
 * What of a message's own header is asked for: `HEADER`, `HEADER.FIELDS` or `HEADER.FIELDS.NOT`.
 * Source: RFC 9051 §6.4.5.1
 */
export class HeaderSelection {
  readonly #text: Section['text'];
  readonly #names: FieldNames;
  /** The index answers when it has left no field out; otherwise when it leaves no field of these names out. */
  readonly #needsWhole: boolean;

  private constructor({ text, fields }: Section) {
    this.#text = text;
    this.#names = new FieldNames(fields);
    this.#needsWhole = text !== 'HEADER.FIELDS' || fields.some((name) => isLeftOut(name.toLowerCase()));
  }

  /** @returns undefined when the section is another */
  static of(section: Section): HeaderSelection | undefined {
    return section.part.length === 0 && section.text.startsWith('HEADER') ? new HeaderSelection(section) : undefined;
  }

  /** @param header with the empty line that ends it */
  from(header: ByteText): ByteText {
    if (this.#text === 'HEADER') return header;
    return selectHeaderText(header, this.#names, this.#text === 'HEADER.FIELDS.NOT');
  }

  /** The same bytes. @returns undefined when they have to be taken from the message */
  fromIndexed(header: IndexedHeader | undefined): ByteText | undefined {
    return this.isIn(header) ? this.from(header.text) : undefined;
  }

  isIn(header: IndexedHeader | undefined): header is IndexedHeader {
    return header !== undefined && (header.whole || !this.#needsWhole);
  }
}
