import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({ limits: { imapWriteMs: 500 } });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('a client that stops reading', () => {
  it('costs little memory, is cut off, and holds up nobody else', async () => {
    const writer = await server.login();
    const message = `Subject: x\n\n${'y'.repeat(100_000)}\n`;
    for (let number = 0; number < 40; number++) await writer.append('INBOX', message);
    const slow = await ImapTestClient.login(server.port);
    await slow.ok('SELECT INBOX');
    const before = process.memoryUsage().external;
    slow.socket.pause();
    for (let round = 0; round < 50; round++) slow.send('a FETCH 1:* BODY.PEEK[]\r\n');
    await writer.ok('SELECT INBOX');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await writer.ok('FETCH 1:* UID')).toHaveLength(40);
    // 200 MB are asked for; other tests in this process take memory, too.
    expect(process.memoryUsage().external - before).toBeLessThan(50_000_000);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await new Promise((resolve) => slow.socket.once('close', resolve).resume());
  });

  it('costs little memory also when it asks for much of one message', async () => {
    const writer = await server.login('parts');
    const lines = 'QUJD'.repeat(19).concat('\n').repeat(1500);
    await writer.append('INBOX', `Content-Transfer-Encoding: base64\nX-Long: ${'y '.repeat(4000)}\n\n${lines}`);
    const items = Array.from({ length: 1000 }, (_, at) => `BINARY.PEEK[1]<${at}.90000>`);
    for (let each = 0; each < 1000; each++) items.push(`BODY.PEEK[HEADER.FIELDS.NOT (a${each})]`);
    const slow = await ImapTestClient.login(server.port, 'parts');
    await slow.ok('SELECT INBOX');
    const before = process.memoryUsage().external;
    slow.socket.pause();
    slow.send(`a FETCH 1 (${items.join(' ')})\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 600));
    // 100 MB are asked for.
    expect(process.memoryUsage().external - before).toBeLessThan(30_000_000);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await new Promise((resolve) => slow.socket.once('close', resolve).resume());
  });

  it('is not remembered what it was not told, and is cut off', async () => {
    const writer = await server.login('told');
    const message = `Subject: x\n\n${'y'.repeat(100_000)}\n`;
    for (let number = 0; number < 20; number++) await writer.append('INBOX', message);
    await writer.ok('SELECT INBOX');
    const slow = await ImapTestClient.login(server.port, 'told');
    await slow.ok('SELECT INBOX');
    await slow.ok(
      'NOTIFY SET (SELECTED (MessageNew (BODY.PEEK[]) MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))',
    );
    const before = process.memoryUsage().external;
    slow.socket.pause();
    // 200 MB are to be told.
    for (let round = 0; round < 100; round++) await writer.ok('UID COPY 1:20 INBOX');
    for (let round = 0; round < 50; round++) await writer.ok('UID COPY 1:20 Drafts');
    // It is told of them while it does not read, longer than it may take.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(process.memoryUsage().external - before).toBeLessThan(100_000_000);
    await new Promise((resolve) => slow.socket.once('close', resolve).resume());
    expect(await writer.ok('UID FETCH 1:20 UID')).toHaveLength(20);
  });
});
