import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { constants, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('COMPRESS', () => {
  it('goes on compressed, both ways, with all that a session does', async () => {
    const client = await server.login();
    await client.play(`
      C: a COMPRESS LZ4
      S: a NO …
      C: b COMPRESS DEFLATE
      S: b OK …
    `);
    client.deflate();
    const before = client.socket.bytesRead;
    const text = 'the same words again and again. '.repeat(8000);
    await client.append('INBOX', `Subject: large\n\n${text}\n`);
    await client.play(`
      C: a COMPRESS DEFLATE
      S: a NO [COMPRESSIONACTIVE] …
      C: b CAPABILITY
      S: * CAPABILITY … APPENDLIMIT=…
      S: b OK …
      C: c SELECT INBOX
      S: …
      S: …
      S: * 1 EXISTS
    `);
    while (!(await client.line()).startsWith('c OK'));
    const [line = ''] = await client.ok('FETCH 1 BODY.PEEK[]');
    expect(line).toContain(text);
    expect(client.socket.bytesRead - before).toBeLessThan(text.length / 20);
    const other = await server.login();
    client.send('i IDLE\r\n');
    await client.expect('+ …');
    await other.append('INBOX', 'Subject: new\n\n');
    await client.expect('* 2 EXISTS');
    await client.expect('* 2 RECENT');
    client.send('DONE\r\n');
    await client.expect('i OK …');
    await client.play(`
      C: u UNAUTHENTICATE
      S: u OK …
      C: v STARTTLS
      S: v BAD Compression is active
      C: w LOGIN me secret
      S: w OK …
      C: x LOGOUT
      S: * BYE …
      S: x OK …
      S: <closed>
    `);
  });

  it('is not listed while it is active', async () => {
    const client = await server.login();
    expect((await client.ok('CAPABILITY'))[0]).toContain(' COMPRESS=DEFLATE');
    await client.ok('COMPRESS DEFLATE');
    client.deflate();
    expect((await client.ok('CAPABILITY'))[0]).not.toContain('COMPRESS');
  });

  it('takes nothing that was sent in plain text behind the command', async () => {
    const client = await server.login();
    client.send('a COMPRESS DEFLATE\r\nb NOOP\r\n');
    expect(await client.line()).toMatch(/^a BAD /);
    await client.closed();
  });

  it('ends the connection when what comes is not compressed', async () => {
    const client = await server.login();
    await client.ok('COMPRESS DEFLATE');
    client.socket.removeAllListeners('data').resume();
    client.socket.write('a NOOP\r\nb NOOP\r\n');
    await once(client.socket, 'close');
  });

  it('holds a bomb to the limits of commands', async () => {
    const client = await server.login();
    await client.ok('COMPRESS DEFLATE');
    client.socket.removeAllListeners('data').resume();
    // 1,000 times as much comes out of it; not a line ends in it.
    const piece = deflateRawSync(Buffer.alloc(1_000_000, 0x61), { finishFlush: constants.Z_FULL_FLUSH });
    const before = process.memoryUsage().rss;
    client.socket.write(Buffer.concat(Array<Buffer>(300).fill(piece)));
    let peak = before;
    for (let tries = 0; tries < 20 && !client.socket.destroyed; tries++) {
      await setTimeout(100);
      peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(peak - before).toBeLessThan(150_000_000);
    const other = await server.login();
    await other.ok('NOOP');
  });

  it('waits for a client that reads nothing', async () => {
    const writer = await server.login('slow');
    await writer.append('INBOX', `Subject: x\n\n${'x'.repeat(100_000)}`);
    const client = await server.login('slow');
    await client.ok('SELECT INBOX');
    await client.ok('COMPRESS DEFLATE');
    client.deflate();
    client.socket.pause();
    for (let count = 0; count < 200; count++) client.send(`f${count} FETCH 1 (UID FLAGS)\r\n`);
    await setTimeout(200);
    client.socket.resume();
    for (let count = 0; count < 200; count++) {
      await client.expect('* 1 FETCH (UID 1 FLAGS (\\Recent))');
      await client.expect(`f${count} OK …`);
    }
  });
});
