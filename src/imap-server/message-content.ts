import { encodeUtf8 } from '../imap/byte-text.ts';
import type { Section } from '../imap/fetch-items.ts';
import { headerEnd } from '../message/header-end.ts';
import { findPreviewPart, previewText } from '../message/preview.ts';
import { selectHeaderFields } from '../message/select-header-fields.ts';
import type { ByteText, MessageStructure } from '../message/structure.ts';
import { createTransferDecoder, decodeTransfer } from '../message/transfer-decoder.ts';
import { limits } from '../runtime/limits.ts';
import type { Account } from '../store/account.ts';
import type { ContentLocation } from '../store/message-files.ts';
import { HeaderSelection } from './header-selection.ts';
import type { IndexedContent } from './indexed-content.ts';
import { type SectionRange, sectionRange } from './section-bytes.ts';

/** What a section holds: bytes in memory, or how many there are and how to get them. */
export type SectionContent =
  | Buffer
  | { readonly sizeBytes: number; readonly chunks: () => AsyncIterable<Buffer> }
  | undefined;

/** Up to here a message is read at once, and synchronously: see `MessageFiles.readSync`. */
export const smallMessageBytes = 128 * 1024;

/** Where the beginning of a message is read to, and looked at before anything else is. Nearly all headers fit. */
const beginning = Buffer.allocUnsafeSlow(16 * 1024);

/**
 * The header of a message with the empty line that ends it, read in the shortest way. Blocks this thread, but not for long.
 * @returns undefined when the header is too long for that. @throws MessageFileError
 */
export function readHeader(account: Account, location: ContentLocation): ByteText | undefined {
  const count = account.contents.readStart(location, beginning);
  const end = headerEnd(beginning.subarray(0, count));
  if (end === count && count < location.prefix.length + location.fileSizeBytes) return undefined;
  return beginning.toString('latin1', 0, end);
}

/** The bytes of one message, read when first asked for. Large ones are streamed, whatever is asked of them. */
export class MessageContent {
  readonly #account: Account;
  readonly #location: ContentLocation;
  readonly #indexed: IndexedContent | undefined;
  #bytes: Buffer | undefined;
  #structure: MessageStructure | undefined;

  /** @param indexed of this message: taken in place of the same in its file */
  constructor(account: Account, location: ContentLocation, indexed?: IndexedContent) {
    this.#account = account;
    this.#location = location;
    this.#indexed = indexed;
  }

  get sizeBytes(): number {
    return this.#location.prefix.length + this.#location.fileSizeBytes;
  }

  get small(): boolean {
    return this.sizeBytes <= smallMessageBytes;
  }

  /** All bytes of a small message. @throws MessageFileError */
  bytes(): Buffer {
    this.#bytes ??= this.#account.contents.readSync(this.#location);
    return this.#bytes;
  }

  async structure(): Promise<MessageStructure> {
    this.#structure ??= await this.#account.read((reader) => reader.messages.structure(this.#location.contentId));
    return this.#structure;
  }

  /** The message's own header, at most `limits.headerBytes`. @throws MessageFileError */
  async header(): Promise<ByteText> {
    const short = readHeader(this.#account, this.#location);
    if (short !== undefined) return short;
    const { headerStart, bodyStart } = (await this.structure()).root;
    return (await this.range(headerStart, Math.min(bodyStart, headerStart + limits.headerBytes))).toString('latin1');
  }

  /** A range that is known to be small enough for memory. */
  async range(start: number, end: number): Promise<Buffer> {
    if (this.small) return this.bytes().subarray(start, end);
    return Buffer.concat(await Array.fromAsync(this.#stream(start, end)));
  }

  /**
   * What BODY[section] holds, the partial range taken.
   * @returns undefined when there is no such section
   * @throws MessageFileError
   */
  async section(section: Section): Promise<SectionContent> {
    if (section.part.length === 0 && section.text === '') return this.#cut(section, 0, this.sizeBytes);
    const indexed = HeaderSelection.of(section)?.fromIndexed(this.#indexed?.header);
    if (indexed !== undefined) return cutBytes(Buffer.from(indexed, 'latin1'), section.partial);
    const range = this.#topRange(section) ?? sectionRange(await this.structure(), section);
    if (range === undefined) return undefined;
    if (section.text !== 'HEADER.FIELDS' && section.text !== 'HEADER.FIELDS.NOT') {
      return this.#cut(section, range.start, range.end);
    }
    const header = await this.range(range.start, Math.min(range.end, range.start + limits.headerBytes));
    const fields = selectHeaderFields(header, section.fields, { not: section.text === 'HEADER.FIELDS.NOT' });
    return cutBytes(fields, section.partial);
  }

  /**
   * What BINARY[part] holds: the body, its transfer encoding undone.
   * @throws UnknownEncodingError, MessageFileError
   * Source: RFC 9051 §6.4.5
   */
  async decoded(section: Section): Promise<SectionContent> {
    const range = await this.#decodedRange(section.part);
    if (range === undefined) return undefined;
    if (isIdentity(range.encoding)) return this.#cut(section, range.start, range.end);
    if (this.small) {
      return cutBytes(decodeTransfer(this.bytes().subarray(range.start, range.end), range.encoding), section.partial);
    }
    const { from, to } = partialRange(await this.#decodedSize(range), section.partial);
    return { sizeBytes: to - from, chunks: () => skipTo(this.#decode(range), from, to) };
  }

  /** @returns bytes of the decoded body, or undefined when there is no such part. @throws UnknownEncodingError */
  async decodedSize(part: readonly number[]): Promise<number | undefined> {
    const range = await this.#decodedRange(part);
    return range === undefined ? undefined : this.#decodedSize(range);
  }

  /** The first words, in UTF-8; empty when there are none. @throws MessageFileError */
  async preview(): Promise<ByteText> {
    if (this.#indexed?.preview !== undefined) return encodeUtf8(this.#indexed.preview);
    const part = findPreviewPart(await this.structure());
    if (part === undefined) return '';
    const end = Math.min(part.bodyEnd, part.bodyStart + limits.previewSourceBytes);
    return encodeUtf8(previewText(part, await this.range(part.bodyStart, end)));
  }

  /** Header and text of a small message itself: seen from its bytes faster than read from the database. */
  #topRange(section: Section): SectionRange | undefined {
    if (section.part.length > 0 || !this.small) return undefined;
    const bodyStart = headerEnd(this.bytes());
    const [start, end] = section.text === 'TEXT' ? [bodyStart, this.sizeBytes] : [0, bodyStart];
    return { start, end, encoding: undefined };
  }

  async #decodedRange(part: readonly number[]): Promise<SectionRange | undefined> {
    return sectionRange(await this.structure(), { part, text: '', fields: [], partial: undefined });
  }

  async #decodedSize(range: SectionRange): Promise<number> {
    if (isIdentity(range.encoding)) return range.end - range.start;
    let sizeBytes = 0;
    for await (const chunk of this.#decode(range)) sizeBytes += chunk.length;
    return sizeBytes;
  }

  async *#decode(range: SectionRange): AsyncIterable<Buffer> {
    const decoder = createTransferDecoder(range.encoding);
    if (this.small) yield decoder.push(this.bytes().subarray(range.start, range.end));
    else for await (const chunk of this.#stream(range.start, range.end)) yield decoder.push(chunk);
    yield decoder.finish();
  }

  #cut(section: Section, start: number, end: number): SectionContent {
    const { from, to } = partialRange(end - start, section.partial);
    if (this.small) return this.bytes().subarray(start + from, start + to);
    return { sizeBytes: to - from, chunks: () => this.#stream(start + from, start + to) };
  }

  #stream(start: number, end: number): AsyncIterable<Buffer> {
    return this.#account.contents.stream(this.#location, start, end);
  }
}

function isIdentity(encoding: string | undefined): boolean {
  return encoding === undefined || encoding === '7bit' || encoding === '8bit' || encoding === 'binary';
}

function partialRange(sizeBytes: number, partial: Section['partial']): { from: number; to: number } {
  if (partial === undefined) return { from: 0, to: sizeBytes };
  const from = Math.min(partial.start, sizeBytes);
  return { from, to: Math.min(from + partial.count, sizeBytes) };
}

function cutBytes(bytes: Buffer, partial: Section['partial']): Buffer {
  const { from, to } = partialRange(bytes.length, partial);
  return bytes.subarray(from, to);
}

async function* skipTo(chunks: AsyncIterable<Buffer>, from: number, to: number): AsyncIterable<Buffer> {
  let at = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(from - at, 0), Math.max(to - at, 0));
    at += chunk.length;
    if (part.length > 0) yield part;
    if (at >= to) return;
  }
}
