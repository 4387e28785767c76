import { formatDateTime } from '../imap/date-time.ts';
import type { FetchItem } from '../imap/fetch-items.ts';
import { quote } from '../imap/quote.ts';
import { renderBodyStructure } from '../message/render-body-structure.ts';
import type { ByteText } from '../message/structure.ts';
import { RestanteError } from '../runtime/errors.ts';
import { ConnectionClosedError } from '../runtime/wire-reader.ts';
import type { Account } from '../store/account.ts';
import type { MessageRow, RenderedMessageRow } from '../store/messages/message-rows.ts';
import { formatFlags } from './flag-text.ts';
import { HeaderSelection } from './header-selection.ts';
import type { IndexedContent } from './indexed-content.ts';
import { MessageContent, readHeader, type SectionContent } from './message-content.ts';
import { replaceNul } from './replace-nul.ts';
import { directLimitBytes, type ResponseWriter } from './response-writer.ts';

/** A message file ended in the middle of a literal that was announced: the connection can't go on. */
export class BrokenResponseError extends RestanteError {
  constructor(cause: unknown) {
    super('imap-broken-response', 'Cannot finish response: a message could not be read to its end', { cause });
  }
}

/** What a FETCH asks of a row of the database. */
export type RowText = (row: RenderedMessageRow) => string;
type Column = keyof RenderedMessageRow;

/**
 * Makes the function that writes the items that rows hold, which are most of what clients ask for.
 * @returns items joined by spaces; undefined when an item needs the message itself
 */
export function compileRowItems(items: readonly FetchItem[]): RowText | undefined {
  const texts: RowText[] = [];
  for (const item of items) {
    const text = rowItem(item);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  const [first, second, third, fourth, ...more] = texts;
  if (first === undefined) return () => '';
  if (second === undefined) return first;
  if (third === undefined) return (row) => `${first(row)} ${second(row)}`;
  if (fourth === undefined) return (row) => `${first(row)} ${second(row)} ${third(row)}`;
  if (more.length === 0) return (row) => `${first(row)} ${second(row)} ${third(row)} ${fourth(row)}`;
  return (row) => texts.map((text) => text(row)).join(' ');
}

const columnsOfItems: Record<FetchItem['kind'], readonly Column[]> = {
  UID: [],
  FLAGS: [],
  MODSEQ: [],
  INTERNALDATE: ['receivedAt'],
  SAVEDATE: ['savedAt'],
  EMAILID: ['emailObjectId'],
  THREADID: ['threadObjectId'],
  PREVIEW: ['contentId', 'prefix', 'fileSizeBytes'],
  'RFC822.SIZE': ['sizeBytes'],
  ENVELOPE: ['envelope'],
  BODYSTRUCTURE: ['bodyStructure'],
  BODY: ['contentId', 'prefix', 'fileSizeBytes'],
  'BINARY.SIZE': ['contentId', 'prefix', 'fileSizeBytes'],
  section: ['contentId', 'prefix', 'fileSizeBytes'],
};

/** Columns that the items are made of. */
export function columnsOf(items: readonly FetchItem[]): Column[] {
  return [...new Set(items.flatMap(({ kind }) => columnsOfItems[kind]))];
}

/** Of one message, in memory before any of it is written. */
const heldBytesLimit = 2 * 1024 * 1024;

/** Text before a message that may go into a buffer together with it. */
const maxTextBytes = 3 * 1024;

/** Writes a whole response, and reads what it needs in the shortest way. @returns false when it can't, and has written nothing */
type WriteItems = (
  out: ResponseWriter,
  account: Account,
  label: string,
  row: RenderedMessageRow,
  indexed: IndexedContent | undefined,
) => boolean;

/** The fast way for `BODY[]` and items that rows hold: what stands before and after the bytes of the message. */
export interface WholeItems {
  /** @returns undefined for messages that are too large for it */
  head(label: string, row: RenderedMessageRow): ByteText | undefined;
  tail(row: RenderedMessageRow): ByteText;
}

/** @returns undefined when the items are others */
export function compileWholeItems(items: readonly FetchItem[]): WholeItems | undefined {
  const place = items.findIndex(({ kind }) => kind === 'section');
  const item = items[place];
  if (item?.kind !== 'section' || item.decode) return undefined;
  const { part, text, partial } = item.section;
  if (part.length > 0 || text !== '' || partial !== undefined) return undefined;
  const before = compileRowItems(items.slice(0, place));
  const after = compileRowItems(items.slice(place + 1));
  if (before === undefined || after === undefined) return undefined;
  const itemLabel = `${place > 0 ? ' ' : ''}${item.label} {`;
  const separator = place < items.length - 1 ? ' ' : '';
  return {
    head(label, row) {
      const sizeBytes = row.prefix.length + row.fileSizeBytes;
      if (sizeBytes > directLimitBytes - maxTextBytes) return undefined;
      const head = `* ${label} (${before(row)}${itemLabel}${sizeBytes}}\r\n`;
      return head.length > maxTextBytes ? undefined : head;
    },
    tail: (row) => `${separator}${after(row)})\r\n`,
  };
}

/** Makes the writer of these: from the file straight into the buffer that is sent. */
export function writerOfWhole(items: WholeItems): WriteItems {
  return (out, account, label, row) => {
    const head = items.head(label, row);
    if (head === undefined) return false;
    const sizeBytes = row.prefix.length + row.fileSizeBytes;
    out.writeDirect(head, sizeBytes, (target, at) => {
      account.contents.readInto(row, target, at);
      replaceNul(target.subarray(at, at + sizeBytes));
    });
    out.write(items.tail(row));
    return true;
  };
}

/**
 * Makes the fast way for one `HEADER`, `HEADER.FIELDS` or `HEADER.FIELDS.NOT` of the message itself and items that rows hold.
 * @returns undefined when the items are others; the writer returns false for headers that are too long for it
 */
export function compileHeaderItems(items: readonly FetchItem[]): WriteItems | undefined {
  const place = items.findIndex(({ kind }) => kind === 'section');
  const item = items[place];
  if (item?.kind !== 'section' || item.decode) return undefined;
  const selection = HeaderSelection.of(item.section);
  if (selection === undefined || item.section.partial !== undefined) return undefined;
  const before = compileRowItems(items.slice(0, place));
  const after = compileRowItems(items.slice(place + 1));
  if (before === undefined || after === undefined) return undefined;
  const itemLabel = `${place > 0 ? ' ' : ''}${item.label} {`;
  const separator = place < items.length - 1 ? ' ' : '';
  return (out, account, label, row, indexed) => {
    let selected = selection.fromIndexed(indexed?.header);
    if (selected === undefined) {
      const header = readHeader(account, row);
      if (header === undefined) return false;
      selected = selection.from(header);
    }
    if (selected.includes('\0')) selected = selected.replaceAll('\0', '\x80');
    out.write(`* ${label} (${before(row)}${itemLabel}${selected.length}}\r\n${selected}${separator}${after(row)})\r\n`);
    return true;
  };
}

function rowItem(item: FetchItem): RowText | undefined {
  switch (item.kind) {
    case 'UID':
      return (row) => `UID ${row.uid}`;
    case 'FLAGS':
      return flagsText;
    case 'INTERNALDATE':
      return (row) => `INTERNALDATE ${formatDateTime(row.receivedAt)}`;
    case 'SAVEDATE':
      return (row) => `SAVEDATE ${formatDateTime(row.savedAt)}`;
    case 'EMAILID':
      return (row) => `EMAILID (${row.emailObjectId})`;
    case 'THREADID':
      return (row) => `THREADID (${row.threadObjectId})`;
    case 'RFC822.SIZE':
      return (row) => `RFC822.SIZE ${row.sizeBytes}`;
    case 'MODSEQ':
      return (row) => `MODSEQ (${row.modseq})`;
    case 'ENVELOPE':
      return (row) => `ENVELOPE ${row.envelope}`;
    case 'BODYSTRUCTURE':
      return (row) => `BODYSTRUCTURE ${row.bodyStructure}`;
    default:
      return undefined;
  }
}

function flagsText(row: MessageRow): string {
  return `FLAGS ${formatFlags(row.flagBits, row.keywords)}`;
}

/**
 * Writes the FETCH response of one message, reading its file when an item needs it.
 * @param label what it begins with: `12 FETCH`
 * @param indexed what of it the index of texts has
 * @throws MessageFileError and UnknownEncodingError before anything was written; BrokenResponseError after
 */
export async function writeFetchResponse(
  out: ResponseWriter,
  account: Account,
  label: string,
  row: RenderedMessageRow,
  items: readonly FetchItem[],
  indexed?: IndexedContent,
): Promise<void> {
  const content = new MessageContent(account, row, indexed);
  const parts: { text: string; content: SectionContent; binary: boolean }[] = [];
  let text = `* ${label} (`;
  let heldBytes = 0;
  let begun = false;
  const writeParts = async (): Promise<void> => {
    begun = true;
    heldBytes = 0;
    for (const part of parts.splice(0)) {
      await writeNstring(out, part.text, part.content, part.binary);
      if (out.full) await out.flush();
    }
  };
  const add = async (item: FetchItem): Promise<void> => {
    const ofRow = rowItem(item);
    if (ofRow !== undefined) text += ofRow(row);
    else if (item.kind === 'BODY') {
      text += `BODY ${renderBodyStructure(await content.structure(), { extended: false })}`;
    } else if (item.kind === 'PREVIEW') {
      text += `PREVIEW ${quote(await content.preview())}`;
    } else if (item.kind === 'BINARY.SIZE') {
      text += `${item.label} ${(await content.decodedSize(item.part)) ?? 0}`;
    } else if (item.kind === 'section') {
      const found = await (item.decode ? content.decoded(item.section) : content.section(item.section));
      text += `${item.label} `;
      if (found === undefined) text += 'NIL';
      else {
        parts.push({ text, content: found, binary: item.decode });
        text = '';
        if (Buffer.isBuffer(found)) heldBytes += found.length;
      }
    }
  };
  for (const [index, item] of items.entries()) {
    if (index > 0) text += ' ';
    await add(item).catch((error: unknown) => {
      throw begun ? new BrokenResponseError(error) : error;
    });
    if (heldBytes > heldBytesLimit) await writeParts();
  }
  await writeParts();
  out.write(`${text})\r\n`);
}

/**
 * Writes text and then a literal with what a section holds.
 * @throws BrokenResponseError when that ends too early
 */
export async function writeNstring(
  out: ResponseWriter,
  before: string,
  content: SectionContent,
  binary = false,
): Promise<void> {
  try {
    await writeLiteral(out, before, content, binary);
  } catch (error) {
    // It's the client that is gone, not the message.
    if (error instanceof ConnectionClosedError) throw error;
    throw new BrokenResponseError(error);
  }
}

async function writeLiteral(
  out: ResponseWriter,
  before: string,
  content: SectionContent,
  binary: boolean,
): Promise<void> {
  if (content === undefined) return;
  if (!Buffer.isBuffer(content)) {
    out.write(`${before}${binary ? '~' : ''}{${content.sizeBytes}}\r\n`);
    let left = content.sizeBytes;
    for await (const chunk of content.chunks()) {
      out.writeBytes(binary ? chunk : withoutNul(chunk));
      left -= chunk.length;
      if (out.full) await out.flush();
    }
    if (left !== 0) throw new Error(`Cannot write literal: ${left} bytes are missing`);
    return;
  }
  const hasNul = content.includes(0);
  out.write(`${before}${binary && hasNul ? '~' : ''}{${content.length}}\r\n`);
  out.writeBytes(hasNul && !binary ? withoutNul(content) : content);
}

function withoutNul(bytes: Buffer): Buffer {
  if (!bytes.includes(0)) return bytes;
  const copy = Buffer.from(bytes);
  replaceNul(copy);
  return copy;
}
