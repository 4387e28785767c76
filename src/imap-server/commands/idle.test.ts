import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';
import { systemClock } from '../../runtime/clock.ts';
import { OpenSessions } from '../../store/sessions/open-sessions.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({ limits: { imapIdleMs: 1500 } });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('IDLE', () => {
  it('tells at its beginning what has changed already', async () => {
    const client = await server.login('beginning');
    const other = await server.login('beginning');
    await client.ok('SELECT INBOX');
    await other.append('INBOX', 'Subject: x\n\n');
    await client.play(`
      C: a IDLE
      S: + idling
      S: * 1 EXISTS
      C: done
      S: * 1 RECENT
      S: a OK Done
      C: b IDLE
      S: + idling
      C: NOOP
      S: b BAD DONE expected
    `);
  });

  it('is allowed without a mailbox', async () => {
    const client = await server.login('nothing');
    await client.play('C: a IDLE\nS: + idling\nC: DONE\nS: a OK Done');
  });

  it('tells many at once', async () => {
    const writer = await server.login('many');
    const listeners = await Promise.all(Array.from({ length: 20 }, () => server.login('many')));
    for (const listener of listeners) {
      await listener.ok('SELECT INBOX');
      await listener.play('C: a IDLE\nS: + idling');
    }
    for (let number = 1; number <= 3; number++) {
      await writer.append('INBOX', `Subject: ${number}\n\n`);
      await Promise.all(listeners.map((listener) => listener.expect(`* ${number} EXISTS`)));
      const recent = await Promise.all(listeners.map((listener) => listener.expect('* … RECENT')));
      // Each message is \Recent for one of them.
      expect(recent.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)).toBe(number);
    }
    await writer.ok('SELECT INBOX');
    await writer.ok('STORE 2 +FLAGS (\\Deleted)');
    const flags = await Promise.all(
      listeners.map((listener) => listener.expect('* 2 FETCH (UID 2 FLAGS (\\Deleted…))')),
    );
    expect(flags.filter((line) => line.endsWith('(\\Deleted))'))).toHaveLength(listeners.length - 1);
    expect(flags.filter((line) => line.endsWith('(\\Deleted \\Recent))'))).toHaveLength(1);
    await writer.ok('EXPUNGE');
    await Promise.all(listeners.map((listener) => listener.expect('* 2 EXPUNGE')));
    await Promise.all(listeners.map((listener) => listener.play('C: DONE\nS: a OK Done')));
  });

  it('ends when nothing is heard for too long', async () => {
    const client = await server.login('silent');
    await client.play('C: a IDLE\nS: + idling\nS: * BYE Nothing was heard for too long\nS: <closed>');
  });
});

describe('a server that stops', () => {
  it('says so to those that wait', async () => {
    const stopping = await startImapFixture();
    const idle = await stopping.login();
    const waiting = await stopping.login();
    await idle.play('C: a IDLE\nS: + idling');
    const stopped = stopping[Symbol.asyncDispose]();
    await expect(idle.line()).rejects.toThrow();
    await stopped;
    expect(waiting.socket.destroyed).toBe(true);
  });
});

describe('a session that is ended', () => {
  it('says nothing in the middle of a response', async () => {
    const sessions = new OpenSessions({ clock: systemClock });
    await using ending = await startImapFixture({ sessions, limits: { sessionEndMs: 300 } });
    const idle = await ending.login();
    const other = await ending.login();
    await idle.ok('SELECT INBOX');
    await idle.ok('NOTIFY SET (SELECTED (MessageNew (BODY.PEEK[]) MessageExpunge))');
    await idle.play('C: a IDLE\nS: + idling');
    idle.socket.pause();
    let received = '';
    idle.socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    await other.append('INBOX', `Subject: x\n\n${'y'.repeat(20_000_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const { id } of sessions.list({ limit: 2 }).sessions) sessions.end(id);
    await new Promise((resolve) => idle.socket.once('close', resolve).resume());
    expect(received).toContain('yyy');
    expect(received).not.toContain('BYE');
  });
});
