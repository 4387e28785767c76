import { randomBytes } from 'node:crypto';
import type { LocalSubmission } from '../control/control-services.ts';
import { formatAddress, formatMailbox } from '../message/format-address.ts';
import { formatDate } from '../message/format-date.ts';
import { formatField } from '../message/format-field.ts';
import { headerValues, splitHeader } from '../message/header-fields.ts';
import { parseAddressList } from '../message/parse-address-list.ts';
import type { Queue } from '../queue/queue.ts';
import type { Clock } from '../runtime/clock.ts';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import type { Accounts } from '../store/accounts.ts';

/** A message from a program of this machine can't be taken. */
class LocalSubmissionError extends RestanteError {
  constructor(detail: string, hint?: string) {
    super('local-submission', `Cannot send the message: ${detail}`, { hint });
  }
}

export interface SubmitOptions {
  readonly accounts: Pick<Accounts, 'startMessage'>;
  readonly queue: Pick<Queue, 'submit'>;
  readonly hostname: string;
  readonly clock: Clock;
}

/**
 * Takes a message from a local program, as /usr/sbin/sendmail does, and puts it into the queue: line ends become CRLF; From, Date and
 * Message-ID are added when they are missing; with `recipientsFromHeader` recipients come from To, Cc and Bcc too, and Bcc is removed.
 * @throws LocalSubmissionError, MessageTooLargeError
 */
export async function submitLocally(submission: LocalSubmission, options: SubmitOptions): Promise<{ ids: number[] }> {
  const { accounts, queue, hostname, clock } = options;
  const sender = qualified(submission.sender, hostname);
  await using intake = await accounts.startMessage();
  const chunks = withCrLf(submission.content)[Symbol.asyncIterator]();
  const { header, rest } = await readHeader(chunks);
  const fields = splitHeader(header);
  const recipients = new Set(submission.recipients.map((address) => qualified(address, hostname)));
  let kept = header;
  if (submission.recipientsFromHeader) {
    for (const name of ['to', 'cc', 'bcc']) {
      for (const value of headerValues(header, fields, name)) {
        for (const { localpart, domain } of parseAddressList(value)) {
          if (localpart !== '') recipients.add(formatAddress(localpart, domain === '' ? hostname : domain));
        }
      }
    }
    kept = fields
      .filter(({ name }) => name !== 'bcc')
      .map(({ start, end }) => header.slice(start, end))
      .join('');
  }
  if (recipients.size === 0)
    throw new LocalSubmissionError('it has no recipient', 'Name recipients, or give the message a To field.');
  const has = (name: string): boolean => fields.some((field) => field.name === name);
  if (!has('from')) kept += formatField('From', formatMailbox(submission.fullName ?? '', sender));
  if (!has('date')) kept += formatField('Date', formatDate(clock.now()));
  if (!has('message-id')) kept += formatField('Message-ID', `<${randomBytes(16).toString('base64url')}@${hostname}>`);
  await intake.write(Buffer.from(`${kept}\r\n`, 'latin1'));
  await intake.write(rest);
  let eightBit = isEightBit(rest) || isEightBit(Buffer.from(kept, 'latin1'));
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    submission.signal.throwIfAborted();
    eightBit ||= isEightBit(next.value);
    await intake.write(next.value);
  }
  submission.signal.throwIfAborted();
  await using file = await intake.finish();
  return await queue.submit({
    sender,
    recipients: [...recipients].map((address) => ({ address })),
    file: await file.temporaryFile(),
    smtputf8: [sender, ...recipients].some((address) => /[^\u0000-\u007f]/.test(address)),
    body: eightBit ? '8BITMIME' : '7BIT',
    requireTls: false,
  });
}

/** A name without domain is a user of this host. */
function qualified(address: string, hostname: string): string {
  return address === '' || address.includes('@') ? address : `${address}@${hostname}`;
}

function isEightBit(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte > 127);
}

/** Reads up to the empty line after the header. @returns the header, a character a byte, and what came after the empty line */
async function readHeader(chunks: AsyncIterator<Buffer>): Promise<{ header: string; rest: Buffer }> {
  let read: Buffer = Buffer.alloc(0);
  for (;;) {
    if (read.subarray(0, 2).toString('latin1') === '\r\n') return { header: '', rest: read.subarray(2) };
    const end = read.indexOf('\r\n\r\n');
    if (end !== -1) return { header: read.toString('latin1', 0, end + 2), rest: read.subarray(end + 4) };
    if (read.length > limits.localSubmissionHeaderBytes) throw new LocalSubmissionError('its header is too long');
    const next = await chunks.next();
    if (next.done === true) {
      const header = read.toString('latin1');
      return { header: header === '' || header.endsWith('\r\n') ? header : `${header}\r\n`, rest: Buffer.alloc(0) };
    }
    read = Buffer.concat([read, next.value]);
  }
}

/** Makes each line end CRLF, whatever it was. The last line gets one too. */
async function* withCrLf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let afterCr = false;
  let atLineStart = true;
  for await (const chunk of content) {
    if (chunk.length === 0) continue;
    let text = Buffer.from(chunk).toString('latin1');
    if (afterCr && text.startsWith('\n')) text = text.slice(1);
    afterCr = chunk[chunk.length - 1] === 13;
    const bytes = Buffer.from(text.replace(/\r\n|\r|\n/g, '\r\n'), 'latin1');
    if (bytes.length === 0) continue;
    atLineStart = bytes[bytes.length - 1] === 10;
    yield bytes;
  }
  if (!atLineStart) yield Buffer.from('\r\n');
}
