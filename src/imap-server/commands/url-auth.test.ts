import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
const now = Date.UTC(2026, 10, 1);
beforeAll(async () => {
  server = await startImapFixture({
    clock: { now: () => now },
    limits: { imapUrls: 3 },
    accountForLogin: (login) => (login.endsWith('@none') ? undefined : login.replace(/@example\.org$/, '')),
  });
});
afterAll(() => server[Symbol.asyncDispose]());

async function authorize(client: ImapTestClient, rump: string): Promise<string> {
  const [line] = await client.ok(`GENURLAUTH "${rump}" INTERNAL`);
  const url = /^\* GENURLAUTH "(.*)"$/.exec(line)?.[1] ?? '';
  expect(url.startsWith(`${rump}:INTERNAL:`)).toBe(true);
  return url;
}

async function fetched(client: ImapTestClient, url: string): Promise<string> {
  const [line] = await client.ok(`URLFETCH "${url}"`);
  const before = `* URLFETCH "${url}" `;
  expect(line.startsWith(before)).toBe(true);
  return line.slice(before.length);
}

const message = 'Subject: a\n\nbody';
const text = '{18}\r\nSubject: a\r\n\r\nbody';

describe('URLAUTH', () => {
  it('lets others read just what a URL names', async () => {
    const owner = await server.login('owner');
    await owner.append('INBOX', message);
    const other = await server.login('other');
    const base = 'imap://owner%40example.org@mail.example.org/INBOX/;UID=1';
    expect(await fetched(other, await authorize(owner, `${base};URLAUTH=anonymous`))).toBe(text);
    expect(await fetched(other, await authorize(owner, `${base}/;SECTION=TEXT;URLAUTH=authuser`))).toBe('{4}\r\nbody');
    expect(await fetched(other, await authorize(owner, `${base}/;SECTION=TEXT/;PARTIAL=1.2;URLAUTH=authuser`))).toBe(
      '{2}\r\nod',
    );
    expect(await fetched(other, await authorize(owner, `${base}/;SECTION=2;URLAUTH=anonymous`))).toBe('NIL');
    const forOther = await authorize(owner, `${base};URLAUTH=user+other%40example.org`);
    expect(await fetched(other, forOther)).toBe(text);
    expect(await fetched(owner, forOther)).toBe('NIL');
    // None of our sessions submits mail for others.
    const forSubmission = await authorize(owner, `${base};URLAUTH=submit+other`);
    expect(await fetched(other, forSubmission)).toBe('NIL');
    await owner.ok('SELECT INBOX');
    expect(await owner.ok('FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS (\\Recent))']);
  });

  it('takes no URL that was changed, has expired or has no proof', async () => {
    const owner = await server.login('changed');
    await owner.append('INBOX', message);
    await owner.append('INBOX', 'Subject: secret\n\n');
    const base = 'imap://changed@mail.example.org/INBOX/;UID=1';
    const url = await authorize(owner, `${base};URLAUTH=anonymous`);
    expect(await fetched(owner, url)).toBe(text);
    const soon = await authorize(owner, `${base};EXPIRE=2026-11-01T00:00:01Z;URLAUTH=anonymous`);
    expect(await fetched(owner, soon)).toBe(text);
    const past = await authorize(owner, `${base};EXPIRE=2026-11-01T00:00:00Z;URLAUTH=anonymous`);
    for (const wrong of [
      past,
      url.replace('UID=1', 'UID=2'),
      url.replace('anonymous', 'authuser'),
      soon.replace('00:01Z', '00:02Z'),
      soon.replace(';EXPIRE=2026-11-01T00:00:01Z', ''),
      `${url.slice(0, -1)}${url.endsWith('0') ? '1' : '0'}`,
      url.slice(0, -2),
      url.replace(':INTERNAL:', ':XOTHER:'),
      url.replace(/:INTERNAL:.*/, ''),
      url.replace('changed@', 'nobody-there@'),
      url.replace('changed@', 'me%40none@'),

      url.replace('mail.example.org', 'other.example.org'),
      base,
      '/INBOX/;UID=1',
      'no URL',
    ]) {
      expect(await fetched(owner, wrong), wrong).toBe('NIL');
    }
    expect(await server.accounts.exists('nobody-there')).toBe(false);
  });

  it('tells several URLs, each by itself', async () => {
    const owner = await server.login('several');
    await owner.append('INBOX', message);
    const url = await authorize(owner, 'imap://several@mail.example.org/INBOX/;UID=1;URLAUTH=authuser');
    expect(await owner.ok(`URLFETCH ${url} none ${url}`)).toEqual([
      `* URLFETCH "${url}" ${text}`,
      '* URLFETCH "none" NIL',
      `* URLFETCH "${url}" ${text}`,
    ]);
    expect((await owner.command('URLFETCH a b c d')).tagged).toBe('NO [LIMIT] Too many URLs');
    expect((await owner.command('URLFETCH')).tagged).toBe('BAD Missing argument');
  });

  it('ends with the key of a mailbox, and with the mailbox', async () => {
    const owner = await server.login('keys');
    await owner.ok('CREATE Work');
    await owner.append('INBOX', message);
    await owner.append('Work', message);
    const inbox = await authorize(owner, 'imap://keys@mail.example.org/INBOX/;UID=1;URLAUTH=authuser');
    const work = await authorize(owner, 'imap://keys@mail.example.org/Work/;UID=1;URLAUTH=authuser');
    await owner.play(`
      C: a RESETKEY INBOX INTERNAL
      S: a OK [URLMECH INTERNAL] URLs are void
      C: b RESETKEY Nowhere
      S: b NO [NONEXISTENT] There is no such mailbox
      C: c RESETKEY INBOX XOTHER
      S: c NO [CANNOT] The only mechanism is INTERNAL
    `);
    expect(await fetched(owner, inbox)).toBe('NIL');
    expect(await fetched(owner, work)).toBe(text);
    expect(await authorize(owner, 'imap://keys@mail.example.org/INBOX/;UID=1;URLAUTH=authuser')).not.toBe(inbox);
    await owner.ok('RESETKEY');
    expect(await fetched(owner, work)).toBe('NIL');
    const later = await authorize(owner, 'imap://keys@mail.example.org/Work/;UID=1;URLAUTH=authuser');
    await owner.ok('DELETE Work');
    await owner.ok('CREATE Work');
    await owner.append('Work', message);
    expect(await fetched(owner, later)).toBe('NIL');
  });

  it('authorizes only URLs of own messages on this server', async () => {
    const client = await server.login('refused');
    const url = 'imap://refused@mail.example.org/INBOX/;UID=1';
    await client.play(`
      C: a GENURLAUTH "imap://owner@mail.example.org/INBOX/;UID=1;URLAUTH=anonymous" INTERNAL
      S: a NO [NOPERM] …
      C: b GENURLAUTH "imap://refused@elsewhere.example/INBOX/;UID=1;URLAUTH=anonymous" INTERNAL
      S: b NO [NOPERM] …
      C: c GENURLAUTH "imap://refused@mail.example.org/Nowhere/;UID=1;URLAUTH=anonymous" INTERNAL
      S: c NO [NONEXISTENT] …
      C: d GENURLAUTH "${url}" INTERNAL
      S: d BAD …
      C: e GENURLAUTH "/INBOX/;UID=1;URLAUTH=anonymous" INTERNAL
      S: e BAD …
      C: f GENURLAUTH "${url};URLAUTH=anonymous" XOTHER
      S: f NO [CANNOT] …
      C: g GENURLAUTH "${url};URLAUTH=anonymous"
      S: g BAD …
      C: h GENURLAUTH "${url};URLAUTH=anonymous:INTERNAL:${'0'.repeat(66)}" INTERNAL
      S: h BAD …
    `);
    const [line] = await client.ok(`GENURLAUTH "${url};URLAUTH=anonymous" INTERNAL "${url};URLAUTH=authuser" internal`);
    expect(line.split(' ')).toHaveLength(4);
  });

  it('streams what is large', async () => {
    const client = await server.login('large');
    const large = `Subject: a\r\n\r\n${'x'.repeat(300_000)}`;
    await client.append('INBOX', large);
    const url = await authorize(client, 'imap://large@mail.example.org/INBOX/;UID=1;URLAUTH=authuser');
    expect(await fetched(client, url)).toBe(`{${large.length}}\r\n${large}`);
  });
});
