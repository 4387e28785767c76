import { createWriteStream } from 'node:fs';
import { mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RestanteError } from '../../runtime/errors.ts';
import type { MailboxWriter, MessageToExport } from './export-messages.ts';
import { withLf } from './line-ends.ts';
import { folderOfMailbox } from './maildir-folder.ts';

const letterOfFlag: Readonly<Record<string, string>> = {
  '\\Draft': 'D',
  '\\Flagged': 'F',
  $Forwarded: 'P',
  '\\Answered': 'R',
  '\\Seen': 'S',
  '\\Deleted': 'T',
};

/** The directory to export to exists, or cannot be made. */
export class ExportDestinationError extends RestanteError {
  constructor(path: string, cause: unknown) {
    const detail = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'it exists' : (cause as Error).message;
    super('export-destination', `Cannot export to "${path}": ${detail}`, {
      hint: 'Name a directory that does not exist yet.',
      context: { path },
      cause,
    });
  }
}

/** @throws ExportDestinationError */
export async function makeExportDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((cause: unknown) => {
    throw new ExportDestinationError(path, cause);
  });
}

/** A Maildir++: Inbox in the directory itself, other mailboxes in folders whose names start with a dot. */
export class MaildirWriter implements MailboxWriter {
  readonly #path: string;
  #folder = '';
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async start(mailbox: string): Promise<void> {
    this.#folder = mailbox === 'Inbox' ? this.#path : join(this.#path, folderOfMailbox(mailbox));
    for (const part of ['cur', 'new', 'tmp']) await mkdir(join(this.#folder, part), { recursive: true, mode: 0o700 });
  }

  async write({ uid, receivedAt, flags, content }: MessageToExport): Promise<void> {
    const letters = flags.map((flag) => letterOfFlag[flag] ?? '').sort();
    const seconds = Math.floor(receivedAt / 1000);
    const name = `${seconds}.U${uid}N${this.#count++}.restante:2,${letters.join('')}`;
    const file = join(this.#folder, 'cur', name);
    await pipeline(Readable.from(withLf(content())), createWriteStream(file, { mode: 0o600, flags: 'wx' }));
    await utimes(file, seconds, seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
