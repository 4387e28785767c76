import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';
import { messageFilePath } from '../store/message-files.ts';
import { frameBytes } from './message-read-thread.ts';
import { ReadAhead } from './read-ahead.ts';

/** The threads that read messages. */
const readers: Worker[] = [];
const note = (worker: Worker): void => {
  if (worker.threadName === 'message reads') readers.push(worker);
};

const count = 200;
const texts = Array.from({ length: count }, (_, at) => {
  // Short ones, some that fill a frame together, one with NUL, one that is too large for a frame.
  const size = at === 90 ? 300_000 : (at * 977) % 12_000;
  return `Subject: ${at}\r\n\r\n${at % 50 === 7 ? '\0' : ''}${`${at} `.repeat(size / 4)}\r\n`;
});
const expected = (from: number, to: number): string[] =>
  texts.slice(from - 1, to).map((text, at) => {
    const sent = text.replaceAll('\0', '\x80');
    return `* ${from + at} FETCH (UID ${from + at} BODY[] {${sent.length}}\r\n${sent} RFC822.SIZE ${sent.length})`;
  });
const items = '(UID BODY.PEEK[] RFC822.SIZE)';

let server: ImapFixture;
let client: ImapTestClient;
beforeAll(async () => {
  process.on('worker', note);
  server = await startImapFixture();
  await using account = await server.accounts.open('me');
  let at = 0;
  for (const text of texts) {
    await using intake = await server.accounts.startMessage();
    // Every third has its first line from the server.
    const prefix = Buffer.from(at++ % 3 === 0 ? text.slice(0, text.indexOf('\n') + 1) : '');
    await intake.write(Buffer.from(text.slice(prefix.length), 'latin1'));
    await using file = await intake.finish();
    await account.messages.add({ mailbox: 'Inbox', file, prefix });
  }
  client = await server.login();
  await client.ok('SELECT INBOX');
});
afterAll(async () => {
  written.mockRestore();
  process.off('worker', note);
  await server[Symbol.asyncDispose]();
});

const written = vi.spyOn(ReadAhead.prototype, 'writeNext');
beforeEach(() => void written.mockClear());
afterEach(() => expect(client.silent()).resolves.toBe(true));

/** Until the thread runs, messages are read without. */
async function untilRead(): Promise<void> {
  await expect
    .poll(async () => {
      await client.ok(`FETCH 1:40 ${items}`);
      return written.mock.calls.length;
    })
    .toBeGreaterThan(0);
  written.mockClear();
}

async function withoutFile(contentId: number, action: () => Promise<void>): Promise<void> {
  const path = join(server.dataDirectory, 'accounts', 'me', messageFilePath(contentId));
  renameSync(path, `${path}.away`);
  try {
    await action();
  } finally {
    renameSync(`${path}.away`, path);
  }
}

describe('FETCH of many messages', () => {
  it('is the same with the thread as without, in order', async () => {
    expect(await client.ok(`FETCH 1:* ${items}`)).toEqual(expected(1, count));
    await untilRead();
    expect(await client.ok(`FETCH 1:* ${items}`)).toEqual(expected(1, count));
    expect(written.mock.calls.length).toBeGreaterThan(3);
    written.mockClear();
    expect(await client.ok(`FETCH 5:9 ${items}`)).toEqual(expected(5, 9));
    expect(written).not.toHaveBeenCalled();
  });

  it('is so too when what else is asked for is longer than all messages', async () => {
    const other = await server.login('long');
    await other.ok('CREATE Long');
    // ENVELOPE has From three times: as Sender and Reply-To, too.
    const many = `${'a@b,'.repeat(4_500)}a@b\n`;
    for (let number = 0; number < 33; number++) await other.append('Long', `From: ${many}To: ${many}\ntext\n`);
    await other.ok('SELECT Long');
    await untilRead();
    const one = (await other.ok('FETCH 1 (BODY.PEEK[] ENVELOPE)')).join('');
    expect(one.length).toBeGreaterThan(frameBytes);
    const all = await other.ok('FETCH 1:* (BODY.PEEK[] ENVELOPE)');
    expect(all).toEqual(all.map((_, at) => one.replace('* 1 ', `* ${at + 1} `)));
  });

  it('announces keywords before the message that has them, and after those before it', async () => {
    await untilRead();
    const other = await server.login();
    await other.ok('SELECT INBOX');
    await other.ok('STORE 60 +FLAGS.SILENT ($New)');
    const lines = await client.ok(`FETCH 1:100 ${items}`);
    const at = lines.findIndex((line) => line.startsWith('* FLAGS'));
    expect(lines[at]).toContain('$New');
    expect(lines[at - 1]).toMatch(/^\* 59 FETCH/);
    expect(lines.filter((line) => line.includes(' BODY[] '))).toEqual(expected(1, 100));
  });

  it('answers NO when a file is missing, after all others', async () => {
    await untilRead();
    await withoutFile(50, async () => {
      const few = await client.command(`FETCH 49:51 ${items}`);
      const { untagged, tagged } = await client.command(`FETCH 1:* ${items}`);
      expect(tagged).toMatch(/^NO /);
      expect(tagged).toBe(few.tagged);
      expect(untagged).toEqual(expected(1, count).filter((_, at) => at !== 49));
    });
  });

  it('lets a client go that leaves in the middle, also often', async () => {
    await untilRead();
    for (let round = 0; round < 20; round++) {
      const leaving = await server.login();
      await leaving.ok('SELECT INBOX');
      leaving.socket.pause();
      leaving.send(`a FETCH 1:* ${items}\r\n`.repeat(5));
      await new Promise((resolve) => setTimeout(resolve, 5));
      leaving.socket.destroy();
    }
    // The frames that they had are lent to others again.
    await untilRead();
    expect(await client.ok(`FETCH 1:* ${items}`)).toEqual(expected(1, count));
  });

  it('goes on without the thread when that dies', async () => {
    await untilRead();
    const answer = client.ok(`FETCH 1:* ${items}`);
    await readers.at(-1)!.terminate();
    expect(await answer).toEqual(expected(1, count));
    expect(await client.ok(`FETCH 1:* ${items}`)).toEqual(expected(1, count));
    expect(readers).toHaveLength(1);
  });

  it('leaves no thread when the server stops', async () => {
    const exited: unknown[] = [];
    const stopping = await startImapFixture();
    const before = readers.length;
    const other = await stopping.login();
    for (let number = 0; number < 40; number++) await other.append('INBOX', `Subject: ${number}\n\ntext\n`);
    await other.ok('SELECT INBOX');
    await other.ok('FETCH 1:* BODY.PEEK[]');
    expect(readers).toHaveLength(before + 1);
    readers.at(-1)!.once('exit', () => exited.push(true));
    await stopping[Symbol.asyncDispose]();
    expect(exited).toHaveLength(1);
  });
});
