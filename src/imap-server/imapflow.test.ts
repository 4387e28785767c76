import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('imapflow', () => {
  it('reads, searches, flags, copies, moves and deletes', async () => {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: server.port,
      secure: false,
      doSTARTTLS: false,
      auth: { user: 'flow', pass: 'secret' },
      logger: false,
      qresync: true,
    });
    await client.connect();
    await client.mailboxCreate('Projects/Ünïcode');
    for (let number = 1; number <= 3; number++) {
      await client.append('INBOX', `From: a@example.org\r\nSubject: Nr ${number} ü\r\n\r\nText ${number}\r\n`, [
        '\\Seen',
      ]);
    }
    const lock = await client.getMailboxLock('INBOX');
    try {
      const messages = await client.fetchAll('1:*', { envelope: true, flags: true, source: true, bodyStructure: true });
      expect(messages.map(({ seq, uid }) => [seq, uid])).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      expect(messages[1].envelope?.from?.[0]?.address).toBe('a@example.org');
      expect(messages[1].source?.toString()).toContain('Text 2');
      expect(await client.search({ body: 'Text 3' })).toEqual([3]);
      await client.messageFlagsAdd('1', ['\\Flagged', 'urgent']);
      expect(await client.search({ flagged: true })).toEqual([1]);
      expect((await client.messageCopy('1', 'Projects/Ünïcode')) as object).toMatchObject({
        uidMap: new Map([[1, 1]]),
      });
      await client.messageMove('2', 'Trash');
      await client.messageDelete('1');
      expect((await client.fetchAll('1:*', { uid: true })).map(({ uid }) => uid)).toEqual([3]);
    } finally {
      lock.release();
    }
    expect((await client.list()).map(({ path }) => path)).toContain('Projects/Ünïcode');
    expect(await client.status('Trash', { messages: true, uidNext: true })).toMatchObject({ messages: 1, uidNext: 2 });
    await client.logout();
  });
});
