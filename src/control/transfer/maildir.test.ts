import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withCrlf, withLf } from './line-ends.ts';
import { folderOfMailbox, mailboxOfFolder } from './maildir-folder.ts';
import type { MailboxToImport } from './message-to-import.ts';
import { NotAMaildirError, readMaildir } from './read-maildir.ts';
import { ExportDestinationError, MaildirWriter, makeExportDirectory } from './write-maildir.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-maildir-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function all({ messages }: MailboxToImport) {
  const found = [];
  for await (const { content, flags, receivedAt } of messages(new AbortController().signal)) {
    found.push({ text: (await buffer(Readable.from(content))).toString(), flags, receivedAt });
  }
  return found;
}

describe('reading a maildir', () => {
  it('takes messages in the order of their times, with flags and keywords', async () => {
    for (const part of ['cur', 'new', 'tmp']) await mkdir(join(directory, part));
    await writeFile(join(directory, 'dovecot-keywords'), '0 $Junk\n1 work\n');
    await writeFile(join(directory, 'cur', '20.b.host:2,FSa'), 'second\n');
    await writeFile(join(directory, 'cur', '100.c.host,S=5:2,DRTPb'), 'third\n');
    await writeFile(join(directory, 'new', '3.a.host'), 'first\n');
    await writeFile(join(directory, 'tmp', '1.half'), 'half');
    await utimes(join(directory, 'new', '3.a.host'), 1000, 1000);
    const [inbox] = await readMaildir(directory, 'Inbox');
    expect(inbox.mailbox).toBe('Inbox');
    const found = await all(inbox);
    expect(found.map(({ text, flags }) => [text, flags])).toEqual([
      ['first\n', []],
      ['second\n', ['\\Flagged', '\\Seen', '$Junk']],
      ['third\n', ['\\Draft', '\\Answered', '\\Deleted', '$Forwarded', 'work']],
    ]);
    expect(found[0].receivedAt).toBe(1_000_000);
  });

  it('finds Maildir++ folders', async () => {
    for (const folder of ['', '.Sent', '.Lists.B&APw-ro', '..odd'])
      await mkdir(join(directory, folder, 'cur'), { recursive: true });
    const mailboxes = await readMaildir(directory, 'Old');
    expect(mailboxes.map(({ mailbox }) => mailbox)).toEqual(['Old', 'Lists/Büro', 'Sent']);
  });

  it('refuses other directories', async () => {
    await expect(readMaildir(directory, 'Inbox')).rejects.toThrow(NotAMaildirError);
    await expect(readMaildir(join(directory, 'gone'), 'Inbox')).rejects.toThrow(NotAMaildirError);
  });
});

describe('writing a maildir', () => {
  it('gives what reading takes', async () => {
    const path = join(directory, 'out');
    await makeExportDirectory(path);
    const writer = new MaildirWriter(path);
    for (const mailbox of ['Inbox', '../Lists/Ünï.x']) {
      await writer.start(mailbox);
      await writer.write({
        uid: 7,
        sizeBytes: 0,
        receivedAt: 1_700_000_000_000,
        flags: ['\\Seen', '\\Answered', 'work'],
        content: () => Readable.from([Buffer.from('Subject: x\r'), Buffer.from('\n\r\nhello\rworld\r\n')]),
      });
    }
    const mailboxes = await readMaildir(path, 'Inbox');
    expect(mailboxes.map(({ mailbox }) => mailbox)).toEqual(['Inbox', '../Lists/Ünï.x']);
    for (const mailbox of mailboxes) {
      expect(await all(mailbox)).toEqual([
        { text: 'Subject: x\n\nhello\rworld\n', flags: ['\\Answered', '\\Seen'], receivedAt: 1_700_000_000_000 },
      ]);
    }
    expect(await readdir(join(path, 'new'))).toEqual([]);
    expect(await readdir(directory)).toEqual(['out']);
  });

  it('refuses a directory that exists', async () => {
    await expect(makeExportDirectory(directory)).rejects.toThrow(ExportDestinationError);
    expect(await readFile(directory).catch((error: NodeJS.ErrnoException) => error.code)).toBe('EISDIR');
  });
});

describe('names of Maildir++ folders', () => {
  it('come back as they were, and never lead out of the maildir', () => {
    expect(folderOfMailbox('Lists/Work')).toBe('.Lists.Work');
    expect(folderOfMailbox('Tom & Jerry')).toBe('.Tom &- Jerry');
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1 }), (levels) => {
        const mailbox = levels.map((level) => level.replaceAll('/', '').replaceAll('\0', '') || 'x').join('/');
        const folder = folderOfMailbox(mailbox);
        expect(folder).not.toMatch(/\/|^\.\.?$/);
        expect(mailboxOfFolder(folder)).toBe(mailbox);
      }),
    );
  });
});

describe('line ends', () => {
  async function through(convert: typeof withLf, chunks: string[]): Promise<string> {
    async function* source() {
      for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
    }
    return (await buffer(Readable.from(convert(source())))).toString('latin1');
  }
  const text = fc.array(fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '\r\n') }));

  it('become CRLF, however the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (chunks) => {
        expect(await through(withCrlf, chunks)).toBe(chunks.join('').replace(/\r?\n/g, '\r\n'));
      }),
    );
  });

  it('become LF, however the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (chunks) => {
        expect(await through(withLf, chunks)).toBe(chunks.join('').replace(/\r\n/g, '\n'));
      }),
    );
  });
});
