import { formatDateTime } from '../imap/date-time.ts';
import type { FetchItem } from '../imap/fetch-items.ts';
import { renderBodyStructure } from '../message/render-body-structure.ts';
import { RestanteError } from '../runtime/errors.ts';
import type { Account, MessageRow, RenderedMessageRow } from '../store/account.ts';
import { formatFlags } from './flag-text.ts';
import { MessageContent, type SectionContent } from './message-content.ts';
import type { ResponseWriter } from './response-writer.ts';

/** A message file ended in the middle of a literal that was announced: the connection can't go on. */
export class BrokenResponseError extends RestanteError {
  constructor(cause: unknown) {
    super('imap-broken-response', 'Cannot finish response: a message could not be read to its end', { cause });
  }
}

/** What a FETCH asks of a row of the database. */
export type RowText = (row: RenderedMessageRow) => string;

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

/** Whether an item is in every row, or only in those with what was rendered. */
export function needsRendered(items: readonly FetchItem[]): boolean {
  return items.some(({ kind }) => !narrowItems.has(kind));
}

const narrowItems = new Set(['UID', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'MODSEQ']);

function rowItem(item: FetchItem): RowText | undefined {
  switch (item.kind) {
    case 'UID':
      return (row) => `UID ${row.uid}`;
    case 'FLAGS':
      return flagsText;
    case 'INTERNALDATE':
      return (row) => `INTERNALDATE ${formatDateTime(row.receivedAt)}`;
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
 * @throws MessageFileError and UnknownEncodingError before anything was written; BrokenResponseError after
 */
export async function writeFetchResponse(
  out: ResponseWriter,
  account: Account,
  sequence: number,
  row: RenderedMessageRow,
  items: readonly FetchItem[],
): Promise<void> {
  const content = new MessageContent(account, row);
  const parts: { text: string; content: SectionContent; binary: boolean }[] = [];
  let text = `* ${sequence} FETCH (`;
  for (const [index, item] of items.entries()) {
    if (index > 0) text += ' ';
    const ofRow = rowItem(item);
    if (ofRow !== undefined) text += ofRow(row);
    else if (item.kind === 'BODY') {
      text += `BODY ${renderBodyStructure(await content.structure(), { extended: false })}`;
    } else if (item.kind === 'BINARY.SIZE') {
      text += `${item.label} ${(await content.decodedSize(item.part)) ?? 0}`;
    } else if (item.kind === 'section') {
      const found = await (item.decode ? content.decoded(item.section) : content.section(item.section));
      text += `${item.label} `;
      if (found === undefined) text += 'NIL';
      else {
        parts.push({ text, content: found, binary: item.decode });
        text = '';
      }
    }
  }
  try {
    for (const part of parts) await writeLiteral(out, part.text, part.content, part.binary);
  } catch (error) {
    throw new BrokenResponseError(error);
  }
  out.write(`${text})\r\n`);
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

/** RFC 9051 §4.3: only literal8 may hold NUL. Other literals get 0x80 in its place, as Dovecot sends it. */
function withoutNul(bytes: Buffer): Buffer {
  if (!bytes.includes(0)) return bytes;
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(0); at !== -1; at = copy.indexOf(0, at + 1)) copy[at] = 0x80;
  return copy;
}
