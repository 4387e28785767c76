import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { RestanteError } from '../../runtime/errors.ts';
import { limits } from '../../runtime/limits.ts';
import { LineSource } from './line-source.ts';
import type { MailboxToImport, MessageToImport } from './message-to-import.ts';

export class NotAnMboxError extends RestanteError {
  constructor(path: string, cause?: unknown) {
    super('not-an-mbox', `Cannot import "${path}": it is not an mbox file`, {
      hint: 'An mbox file starts with a line such as "From me@example.org Thu Jan  1 00:00:00 2026".',
      context: { path },
      cause,
    });
  }
}

/** Lines of messages have 998 characters (RFC 5322 §2.1.1); longer ones are taken in pieces. */
const longestLineBytes = 64 * 1024;

/**
 * The messages of an mbox file: mboxo and mboxrd, with flags from Status, X-Status and X-Keywords, which are left out of the message.
 * Source: RFC 4155, with the quoting of mboxrd
 * @throws NotAnMboxError
 */
export async function readMbox(path: string, mailbox: string): Promise<MailboxToImport[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new NotAnMboxError(path, cause);
  });
  if (!found.isFile()) throw new NotAnMboxError(path);
  return [{ mailbox, messages: (signal) => messages(path, signal) }];
}

async function* messages(path: string, signal: AbortSignal): AsyncGenerator<MessageToImport> {
  const lines = new LineSource(createReadStream(path, { signal }), longestLineBytes);
  let separator = await lines.next();
  if (separator === undefined) return;
  if (!isSeparator(separator)) throw new NotAnMboxError(path);
  let number = 0;
  while (separator !== undefined) {
    number++;
    const { header, flags } = await readHeader(lines);
    const body = new MboxBody(lines);
    const receivedAt = timeOfSeparator(separator);
    yield { content: concatenated(header, body), flags, receivedAt, source: `${path}, message ${number}` };
    separator = await body.finish();
  }
}

/** RFC 4155: "From ", then an address, then a date; after an empty line or at the start. */
function isSeparator(line: Buffer): boolean {
  return line.length > 5 && line.toString('latin1', 0, 5) === 'From ';
}

/** `From me@example.org Thu Jan  1 00:00:00 2026`: the date is in UTC by RFC 4155. */
function timeOfSeparator(line: Buffer): number | undefined {
  const text = line.toString('latin1').trimEnd();
  const [, month, day, time, year] =
    /[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d(?::\d\d)?)(?: [A-Z+-][\w+-]*)? (\d{4})/.exec(text) ?? [];
  const parsed = Date.parse(`${day} ${month} ${year} ${time} UTC`);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** Header lines without those that hold the flags, up to and including the empty line. */
async function readHeader(lines: LineSource): Promise<{ header: Buffer; flags: string[] }> {
  const kept: Buffer[] = [];
  const flags: string[] = [];
  let size = 0;
  while (size < limits.headerBytes) {
    const line = await lines.peek();
    if (line === undefined || isSeparator(line)) break;
    await lines.next();
    const [, name, value] = /^(Status|X-Status|X-Keywords):\s*(.*?)\s*$/i.exec(line.toString('latin1')) ?? [];
    if (name !== undefined && value !== undefined) flags.push(...flagsOfField(name.toLowerCase(), value));
    else {
      kept.push(line);
      size += line.length;
    }
    if (line.length <= 2 && /^\r?\n$/.test(line.toString('latin1'))) break;
  }
  return { header: Buffer.concat(kept), flags };
}

function flagsOfField(name: string, value: string): string[] {
  if (name === 'x-keywords') return value.split(/[\s,]+/).filter((word) => /^[!-~]+$/.test(word));
  const letters: Record<string, string> =
    name === 'status' ? { R: '\\Seen' } : { A: '\\Answered', F: '\\Flagged', T: '\\Draft', D: '\\Deleted' };
  return Array.from(value).flatMap((letter) => letters[letter] ?? []);
}

async function* concatenated(header: Buffer, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (header.length > 0) yield header;
  yield* body;
}

/** Lines up to the next separator, unquoted; the empty line before the separator belongs to the mbox. */
class MboxBody implements AsyncIterable<Buffer> {
  readonly #lines: LineSource;

  constructor(lines: LineSource) {
    this.#lines = lines;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    let batch: Buffer[] = [];
    let size = 0;
    let emptyLine: Buffer | undefined;
    // The header ended with an empty line: a message without a body may be followed at once by the next.
    let isAfterEmpty = true;
    for (;;) {
      const line = await this.#lines.peek();
      if (line === undefined || (isAfterEmpty && isSeparator(line))) break;
      await this.#lines.next();
      if (emptyLine !== undefined) batch.push(emptyLine);
      isAfterEmpty = line.length <= 2 && /^\r?\n$/.test(line.toString('latin1'));
      emptyLine = isAfterEmpty ? line : undefined;
      if (!isAfterEmpty) {
        const isQuoted = line[0] === 62 && /^>+From $/.test(line.toString('latin1', 0, line.indexOf(32) + 1));
        const whole = isQuoted ? line.subarray(1) : line;
        batch.push(whole);
        size += whole.length;
      }
      if (size >= 64 * 1024) {
        yield Buffer.concat(batch);
        batch = [];
        size = 0;
      }
    }
    if (batch.length > 0) yield Buffer.concat(batch);
  }

  /** Skips what was not read. @returns the separator of the next message */
  async finish(): Promise<Buffer | undefined> {
    for await (const _ of this);
    return await this.#lines.next();
  }
}
