import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotAnMboxError, readMbox } from './read-mbox.ts';
import { MboxWriter } from './write-mbox.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-mbox-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function read(path: string) {
  const found = [];
  for (const { messages } of await readMbox(path, 'Inbox')) {
    for await (const { content, flags, receivedAt } of messages(new AbortController().signal)) {
      found.push({ text: (await buffer(Readable.from(content))).toString('latin1'), flags, receivedAt });
    }
  }
  return found;
}

async function readText(text: string) {
  const path = join(directory, 'in.mbox');
  await writeFile(path, text);
  return await read(path);
}

describe('reading an mbox file', () => {
  it('separates messages, takes times and flags, and unquotes', async () => {
    const found = await readText(
      [
        'From me@example.org Thu Jan  1 00:00:10 1970',
        'Subject: one',
        'Status: RO',
        'X-Status: AF',
        'X-Keywords: work, $Junk',
        '',
        '>From here',
        '>>From there',
        '> From nowhere',
        'From the middle of a paragraph',
        '',
        'end',
        '',
        'From - Tue, 3 Feb 1970',
        'Subject: two',
        '',
        'From x Thu Jan  1 00:00:20 1970',
        'Subject: three',
        '',
        'body',
      ].join('\n'),
    );
    expect(found).toEqual([
      {
        text: 'Subject: one\n\nFrom here\n>From there\n> From nowhere\nFrom the middle of a paragraph\n\nend\n',
        flags: ['\\Seen', '\\Answered', '\\Flagged', 'work', '$Junk'],
        receivedAt: 10_000,
      },
      { text: 'Subject: two\n\n', flags: [], receivedAt: undefined },
      { text: 'Subject: three\n\nbody', flags: [], receivedAt: 20_000 },
    ]);
  });

  it('takes CRLF line ends', async () => {
    const found = await readText('From a b\r\nSubject: one\r\n\r\nx\r\n\r\nFrom a b\r\nSubject: two\r\n\r\ny\r\n');
    expect(found.map(({ text }) => text)).toEqual(['Subject: one\r\n\r\nx\r\n', 'Subject: two\r\n\r\ny\r\n']);
  });

  it('is empty for an empty file and refuses anything else', async () => {
    expect(await readText('')).toEqual([]);
    await expect(readText('Subject: no\n\n')).rejects.toThrow(NotAnMboxError);
    await expect(readMbox(directory, 'Inbox')).rejects.toThrow(NotAnMboxError);
    await expect(readMbox(join(directory, 'gone'), 'Inbox')).rejects.toThrow(NotAnMboxError);
  });
});

describe('writing mbox files', () => {
  it('gives what reading takes, whatever is in the messages', async () => {
    let number = 0;
    const line = fc.oneof(
      fc.constantFrom('', 'From x', '>From y', '>>From z', 'From', '>', ' '),
      fc.string({ unit: 'binary-ascii' }).map((text) => text.replace(/[\r\n\0]/g, '')),
    );
    const message = fc.record({
      body: fc.array(line),
      flags: fc.subarray(['\\Seen', '\\Answered', '\\Flagged', '\\Draft', '\\Deleted']),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 5 }), async (given) => {
        const path = join(directory, String(number++));
        {
          await using writer = new MboxWriter(path);
          await writer.start('Lists/.Work');
          for (const { body, flags } of given) {
            const text = `Subject: x\r\n\r\n${body.map((each) => `${each}\r\n`).join('')}`;
            const content = (): Readable => Readable.from([Buffer.from(text, 'latin1')]);
            await writer.write({ uid: 1, sizeBytes: 0, receivedAt: 1_000_000, flags, content });
          }
        }
        const found = await read(join(path, 'Lists', '%2EWork.mbox'));
        expect(found).toEqual(
          given.map(({ body, flags }) => ({
            text: `Subject: x\n\n${body.map((each) => `${each}\n`).join('')}`,
            flags: expect.toSatisfy((read: string[]) => read.toSorted().join() === flags.toSorted().join()),
            receivedAt: 1_000_000,
          })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('writes what other software reads', async () => {
    {
      await using writer = new MboxWriter(directory);
      await writer.start('Inbox');
      const content = (): Readable => Readable.from([Buffer.from('Subject: x\r\n\r\nFrom me\r\nno end')]);
      await writer.write({ uid: 1, sizeBytes: 0, receivedAt: 0, flags: ['\\Flagged', 'work'], content });
    }
    expect(await readFile(join(directory, 'Inbox.mbox'), 'utf8')).toBe(
      'From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nStatus: O\nX-Status: F\nX-Keywords: work\nSubject: x\n\n>From me\nno end\n\n',
    );
  });
});
