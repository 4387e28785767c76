import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { MailboxWriter, MessageToExport } from './export-messages.ts';
import { withLf } from './line-ends.ts';
import { LineSource } from './line-source.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const batchBytes = 64 * 1024;

/** A file `<mailbox>.mbox` for each mailbox, in the mboxrd format, with flags in Status, X-Status and X-Keywords. */
export class MboxWriter implements MailboxWriter {
  readonly #path: string;
  #file: WriteStream | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async start(mailbox: string): Promise<void> {
    await this[Symbol.asyncDispose]();
    const path = join(this.#path, `${mailbox.split('/').map(fileName).join('/')}.mbox`);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    this.#file = createWriteStream(path, { mode: 0o600, flags: 'wx' });
    this.#file.on('error', () => {});
  }

  async write({ receivedAt, flags, content }: MessageToExport): Promise<void> {
    await this.#write(Buffer.from(`From MAILER-DAEMON ${asctime(receivedAt)}\n${flagFields(flags)}`));
    const lines = new LineSource(withLf(content()), batchBytes);
    let batch: Buffer[] = [];
    let size = 0;
    let last = 10;
    for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
      if (last === 10 && needsQuote(line)) batch.push(Buffer.from('>'));
      batch.push(line);
      size += line.length;
      last = line[line.length - 1];
      if (size < batchBytes) continue;
      await this.#write(Buffer.concat(batch));
      batch = [];
      size = 0;
    }
    batch.push(Buffer.from(last === 10 ? '\n' : '\n\n'));
    await this.#write(Buffer.concat(batch));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    file.end();
    await finished(file);
  }

  async #write(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#file?.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** A level of a mailbox's name as a file's name: never hidden, never a way up. */
function fileName(level: string): string {
  return level.replaceAll('%', '%25').replace(/^\./, '%2E');
}

function needsQuote(line: Buffer): boolean {
  const first = line[0];
  if (first !== 70 && first !== 62) return false;
  return /^>*From /.test(line.toString('latin1', 0, 80));
}

function asctime(timeMs: number): string {
  const date = new Date(timeMs);
  const day = String(date.getUTCDate()).padStart(2);
  const time = date.toISOString().slice(11, 19);
  return `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}

function flagFields(flags: readonly string[]): string {
  const letterOfFlag: Record<string, string> = {
    '\\Answered': 'A',
    '\\Flagged': 'F',
    '\\Draft': 'T',
    '\\Deleted': 'D',
  };
  const status = flags.includes('\\Seen') ? 'Status: RO\n' : 'Status: O\n';
  const letters = flags.map((flag) => letterOfFlag[flag] ?? '').join('');
  const keywords = flags.filter((flag) => !flag.startsWith('\\'));
  const more = letters === '' ? '' : `X-Status: ${letters}\n`;
  return `${status}${more}${keywords.length === 0 ? '' : `X-Keywords: ${keywords.join(' ')}\n`}`;
}
