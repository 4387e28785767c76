import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Every way to write a string (RFC 9051 §4.3, RFC 7888). */
const forms: Record<string, (text: string) => string> = {
  'quoted strings': (text) => `"${text}"`,
  'literals that wait': (text) => `{${text.length}}\r\n${text}`,
  'literals that do not wait': (text) => `{${text.length}+}\r\n${text}`,
};

/** Commands with a string at every place where one may be, as `<text>`. */
const commands = [
  'CREATE <Box>',
  'CREATE <Other/Sub>',
  'SUBSCRIBE <Box>',
  'LIST <> <*>',
  'LIST (SUBSCRIBED) <> (<Box> <Oth%>) RETURN (STATUS (MESSAGES))',
  'LSUB <> <*>',
  'STATUS <Box> (MESSAGES UIDNEXT)',
  'GETQUOTAROOT <Box>',
  'APPEND <Box> {12+}\r\nSubject: x\r\n',
  'APPEND <Box> (\\Seen) " 1-Jan-2026 00:00:00 +0000" {12}\r\nSubject: y\r\n {12+}\r\nSubject: z\r\n',
  'SELECT <Box>',
  'FETCH 1 (BODY.PEEK[HEADER.FIELDS (<Subject> <X-None>)])',
  'SEARCH SUBJECT <x> FROM <> HEADER <Subject> <x> NOT TEXT <nothing>',
  'SEARCH CHARSET <UTF-8> OR BODY <a> SUBJECT <y>',
  'SORT (SUBJECT) <UTF-8> SUBJECT <z>',
  'COPY 1 <Other>',
  'MOVE 1 <Other/Sub>',
  'UID COPY 2 <Nowhere>',
  'EXAMINE <Box>',
  'GETQUOTA <>',
  'UNSUBSCRIBE <Box>',
  'RENAME <Box> <Renamed>',
  'DELETE <Renamed>',
  'DELETE <Renamed>',
];

/** What the commands are answered, without what differs by account. */
async function answers(client: ImapTestClient, form: (text: string) => string): Promise<string[]> {
  const heard: string[] = [];
  for (const command of commands) {
    const { untagged, tagged } = await client.command(command.replaceAll(/<([^>]*)>/g, (_, text) => form(text)));
    const text = [...untagged, tagged].join('\n');
    heard.push(
      text
        .replaceAll(/\b1[78]\d{8}\b/g, 'V')
        .replaceAll(/MAILBOXID \([^)]*\)/g, 'MAILBOXID')
        .replaceAll(/"[^"]*BODY\[[^\]]*\]/g, 'BODY'),
    );
  }
  return heard;
}

describe('strings in every form at every place', () => {
  it('mean the same', async () => {
    const atoms = await answers(await server.login('atoms'), (text) => (text === '' ? '""' : text));
    expect(atoms.filter((text) => /(?:^|\n)BAD/.test(text))).toEqual([]);
    for (const [name, form] of Object.entries(forms)) {
      const heard = await answers(await server.login(name.replaceAll(' ', '-')), form);
      // What is fetched names the fields as they were asked for.
      const field = (text: string): string => text.replaceAll(/BODY\[HEADER\.FIELDS \(.*?\)\]/gs, 'BODY[FIELDS]');
      expect(heard.map(field), name).toEqual(atoms.map(field));
    }
  });

  it('log in', async () => {
    for (const form of Object.values(forms)) {
      const client = await server.connect();
      await client.ok(`LOGIN ${form('forms')} ${form('secret')}`);
    }
  });

  it('leave the session in step, whether or not they may be there', async () => {
    const client = await server.login('steps');
    await client.ok('SELECT INBOX');
    // Literals where no string can be, of the kind that only APPEND takes, with NUL, and unfinished names.
    for (const command of [
      'CREATE ~{3+}\r\nabc',
      'FETCH {1+}\r\n1 FLAGS',
      'STORE 1 {5+}\r\nFLAGS ()',
      'STATUS {3+}\r\na\0b (MESSAGES)',
      'SEARCH {3+}\r\nALL',
      'SELECT {0+}\r\n',
      'NOOP {4+}\r\nNOOP',
      'APPEND {5+}\r\nINBOX {3+}\r\nabc {2+}\r\n\r\n',
      'APPEND INBOX {5+}\r\na\0b\r\n',
      'LIST {1+}\r\n" {1+}\r\n"',
    ]) {
      const { tagged } = await client.command(command);
      expect(tagged, command).toMatch(/^(OK|NO|BAD) /);
      await client.ok('NOOP');
    }
  });
});

describe('a command line that is too long', () => {
  it('is dropped with the literal at its end, which is no command', async () => {
    const client = await server.login('long-command');
    const long = 'x'.repeat(200_000);
    const { tagged } = await client.command(`SEARCH SUBJECT "${long}" BODY {15+}\r\nz1 NOOP\r\nz2 NO`);
    expect(tagged).toMatch(/^BAD \[TOOBIG\]/);
    expect(await client.ok('NOOP')).toEqual([]);
  });
});

describe('a header line of 10 MB', () => {
  it('is stored, fetched and searched, and holds nobody up', async () => {
    const client = await server.login('long-line');
    const other = await server.login('long-line');
    const line = `Subject: ${'long '.repeat(2_000_000)}end`;
    await client.append('INBOX', `${line}\nFrom: a@example.org\nTo: ${'b@example.org, '.repeat(10_000)}c@x\n\nBody\n`);
    await client.ok('SELECT INBOX');
    for (const command of [
      'FETCH 1 (ENVELOPE BODYSTRUCTURE BODY PREVIEW)',
      'FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]',
      'SEARCH SUBJECT "long end"',
      'SEARCH TEXT "long end"',
      'SORT (SUBJECT TO) UTF-8 ALL',
    ]) {
      const [answer] = await Promise.all([client.command(command), other.ok('NOOP')]);
      expect(answer.tagged, command).toMatch(/^OK/);
    }
    const [whole] = await client.ok('FETCH 1 BODY.PEEK[HEADER]');
    expect(whole.includes(`${line}\r\n`)).toBe(true);
    // Fields are looked for within `headerBytes`: what is there of this one is told.
    const [fields] = await client.ok('FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]');
    expect(fields.includes(line.slice(0, 1_000_000))).toBe(true);
  });
});

describe('more keywords than there can be', () => {
  it('are refused with LIMIT, however they come', async () => {
    const client = await server.login('keywords');
    await client.append('INBOX', 'Subject: x\n\n');
    await client.ok('SELECT INBOX');
    const names = (from: number, count: number): string =>
      Array.from({ length: count }, (_, at) => `k${from + at}`).join(' ');
    expect((await client.command(`STORE 1 +FLAGS (${names(0, 100_000)})`)).tagged).toMatch(/^BAD \[TOOBIG\]/);
    expect((await client.command(`STORE 1 +FLAGS (${names(0, 101)})`)).tagged).toMatch(/^NO \[LIMIT\]/);
    let refused: string | undefined;
    expect(refused).toBeUndefined();
    for (let from = 0; from < 100_000 && refused === undefined; from += 90) {
      const { tagged } = await client.command(`STORE 1 FLAGS.SILENT (${names(from, 90)})`);
      if (!tagged.startsWith('OK')) refused = tagged;
    }
    expect(refused).toMatch(/^NO \[LIMIT\]/);
    const message = '{12+}\r\nSubject: x\r\n';
    expect((await client.command(`APPEND INBOX (${names(90_000, 1)}) ${message}`)).tagged).toMatch(/^OK/);
    expect((await client.command(`APPEND INBOX (${names(91_000, 90)}) ${message}`)).tagged).toMatch(/^NO \[LIMIT\]/);
    expect((await client.command(`STORE 1 +FLAGS (${'x'.repeat(300)})`)).tagged).toMatch(/^NO \[(LIMIT|CANNOT)\]/);
    await client.ok('STORE 1 +FLAGS (k1)');
    const [flags] = await client.ok('SELECT INBOX');
    expect(flags).not.toContain('k99999');
  });
});

describe('mailbox names in every encoding', () => {
  const names: readonly [what: string, bytes: string, answer: RegExp][] = [
    ['modified UTF-7', 'K&AOQ-se', /^OK/],
    ['an ampersand', 'A&-B', /^OK/],
    ['an ampersand alone', 'A&B', /^NO \[CANNOT\]/],
    ['a shift without end', '&AOQ', /^NO \[CANNOT\]/],
    ['an empty shift amid base64', '&AOQ-&AOQ-', /^NO \[CANNOT\]/],
    ['ASCII that is shifted', '&AEE-', /^NO \[CANNOT\]/],
    ['half a surrogate pair', '&2AA-', /^NO \[CANNOT\]/],
    ['bits left over', '&AOR-', /^NO \[CANNOT\]/],
    ['standard base64', '&AO/k-', /^NO \[CANNOT\]/],
    ['bytes of Latin-1', 'K\xe4se', /^NO \[CANNOT\]/],
    ['bytes of UTF-8', 'K\xc3\xa4se', /^NO \[CANNOT\]/],
    ['a control character', 'a\x01b', /^NO \[CANNOT\]/],
    ['a shifted control character', '&AAE-', /^NO \[CANNOT\]/],
    ['a shifted C1 character', '&AIU-', /^NO \[CANNOT\]/],
    ['a line separator', '&ICg-', /^NO \[CANNOT\]/],
    ['nothing', '', /^NO \[CANNOT\]/],
    ['an empty level', 'a//b', /^NO \[CANNOT\]/],
    ['a delimiter first', '/a', /^NO \[CANNOT\]/],
    ['too many levels', 'a/'.repeat(30), /^NO \[CANNOT\]/],
    ['too many bytes', 'x'.repeat(2_000), /^NO \[CANNOT\]/],
    ['as many bytes as can be', 'x'.repeat(1_000), /^OK/],
    ['what LIST takes for a pattern', 'a%b*c', /^OK/],
    ['quotes and backslashes', 'a"b\\c', /^OK/],
    ['INBOX in any case', 'iNbOx', /^NO \[ALREADYEXISTS\]/],
    ['a decomposed character that is there composed', 'Ka&Awg-se', /^NO \[ALREADYEXISTS\]/],
  ];
  const utf8Names: readonly [what: string, bytes: string, answer: RegExp][] = [
    ['UTF-8', '\xe6\x97\xa5\xe6\x9c\xac', /^OK/],
    ['four bytes', '\xf0\x9f\x93\xac', /^OK/],
    ['decomposed', 'u\xcc\x88', /^OK/],
    ['the same composed', '\xc3\xbc', /^NO \[ALREADYEXISTS\]/],
    ['overlong', '\xc1\x81', /^NO \[CANNOT\]/],
    ['an overlong slash', 'a\xc0\xafb', /^NO \[CANNOT\]/],
    ['a surrogate', '\xed\xa0\x80', /^NO \[CANNOT\]/],
    ['beyond Unicode', '\xf5\x80\x80\x80', /^NO \[CANNOT\]/],
    ['cut short', 'a\xe6\x97', /^NO \[CANNOT\]/],
    ['a C1 character', 'a\xc2\x85b', /^NO \[CANNOT\]/],
    ['what looks like UTF-7', '&AOQ-', /^OK/],
  ];

  it('are taken when they are valid, and come back as they were written', async () => {
    const client = await server.login('names');
    // Another has the composed form, which is the one that is stored.
    await client.ok('CREATE "K&AOQ-se"');
    await client.ok('DELETE "K&AOQ-se"');
    for (const [what, bytes, answer] of names) await checkName(client, what, bytes, answer);
    await client.ok('ENABLE UTF8=ACCEPT');
    for (const [what, bytes, answer] of utf8Names) await checkName(client, what, bytes, answer);
  });

  async function checkName(client: ImapTestClient, what: string, bytes: string, answer: RegExp): Promise<void> {
    const { tagged } = await client.command(`CREATE {${bytes.length}+}\r\n${bytes}`);
    expect(tagged, what).toMatch(answer);
    if (!tagged.startsWith('OK')) return;
    const [line] = await client.ok(`LIST "" {${bytes.length}+}\r\n${bytes}`);
    const name = /"\/" (?:"((?:[^"\\]|\\.)*)"|(\S+)|\{\d+\}\r\n([\s\S]*))$/
      .exec(line)
      ?.slice(1)
      .find((one) => one !== undefined);
    const stored = what === 'decomposed' ? '\xc3\xbc' : bytes;
    if (!/[%*]/.test(bytes)) expect(name?.replaceAll(/\\(.)/g, '$1'), what).toBe(stored);
    await client.ok(`STATUS {${bytes.length}+}\r\n${bytes} (MESSAGES)`);
  }
});

describe('dates at the ends of time', () => {
  it.each([
    [' 1-Jan-0000 00:00:00 +0000', /^OK/, '" 1-Jan-0000 00:00:00 +0000"'],
    ['31-Dec-9999 23:59:59 +0000', /^OK/, '"31-Dec-9999 23:59:59 +0000"'],
    ['31-Dec-9999 23:59:59 -1200', /^OK/, '"31-Dec-9999 23:59:59 +0000"'],
    [' 1-Jan-0000 00:00:00 +1400', /^OK/, '" 1-Jan-0000 00:00:00 +0000"'],
    ['31-Dec-1969 23:59:59 +0000', /^OK/, '"31-Dec-1969 23:59:59 +0000"'],
    ['19-Jan-2038 03:14:08 +0000', /^OK/, '"19-Jan-2038 03:14:08 +0000"'],
    ['29-Feb-2024 12:00:00 +0530', /^OK/, '"29-Feb-2024 06:30:00 +0000"'],
    ['30-Jun-2015 23:59:60 +0000', /^OK/, '" 1-Jul-2015 00:00:00 +0000"'],
    ['29-Feb-2023 12:00:00 +0000', /^BAD/, undefined],
    ['31-Apr-2023 12:00:00 +0000', /^BAD/, undefined],
    [' 0-Jan-2023 12:00:00 +0000', /^BAD/, undefined],
    [' 1-Jan-2023 24:00:00 +0000', /^BAD/, undefined],
    [' 1-Jan-2023 12:00:00 +0060', /^BAD/, undefined],
    [' 1-Jan-10000 12:00:00 +0000', /^BAD/, undefined],
    ['1-Jan-2023 12:00:00 UTC', /^BAD/, undefined],
  ])('of APPEND: "%s"', async (date, answer, stored) => {
    const client = await server.login('dates');
    const { tagged } = await client.command(`APPEND INBOX "${date}" {12+}\r\nSubject: x\r\n`);
    expect(tagged).toMatch(answer);
    if (stored === undefined) return;
    await client.ok('SELECT INBOX');
    expect((await client.ok('FETCH * INTERNALDATE'))[0]).toContain(stored);
    const day = /"([ \d]\d-\w+-\d+)/.exec(stored)?.[1]?.trim();
    expect((await client.ok(`SEARCH ON ${day}`))[0], 'found on its day').toMatch(/ \d/);
  });

  it('of SEARCH', async () => {
    const client = await server.login('search-dates');
    await client.append('INBOX', 'Subject: x\nDate: Thu, 1 Jan 1970 00:00:00 +0000\n\n');
    await client.ok('SELECT INBOX');
    await client.play(`
      C: a SEARCH SINCE 1-Jan-0000 BEFORE 31-Dec-9999
      S: * SEARCH 1
      S: a OK Done
      C: b SEARCH SINCE 31-Dec-9999
      S: * SEARCH
      S: b OK Done
      C: c SEARCH BEFORE 1-Jan-0000
      S: * SEARCH
      S: c OK Done
      C: d SEARCH SENTON 1-Jan-1970 SENTSINCE 1-Jan-0000 SENTBEFORE 31-Dec-9999
      S: * SEARCH 1
      S: d OK Done
      C: e SEARCH SINCE 30-Feb-2026
      S: e BAD …
      C: f SEARCH BEFORE 1-Jan-20260
      S: f BAD …
      C: g SEARCH ON 2026-01-01
      S: g BAD …
      C: h SEARCH OLDER 4294967295 YOUNGER 4294967295
      S: * SEARCH
      S: h OK Done
      C: i SEARCH YOUNGER 4294967296
      S: i BAD …
      C: j SEARCH LARGER 18446744073709551615
      S: j …
    `);
  });
});

describe('floods', () => {
  it('of commands are all answered, in turn, and leave others their turn', async () => {
    const client = await server.login('flood');
    const other = await server.login('flood');
    await client.ok('SELECT INBOX');
    const count = 20_000;
    client.send(Array.from({ length: count }, (_, at) => `f${at} NOOP\r\n`).join(''));
    let answered = 0;
    const all = (async () => {
      for (; answered < count; answered++) expect(await client.line()).toBe(`f${answered} OK Done`);
    })();
    await other.ok('NOOP');
    expect(answered).toBeLessThan(count);
    await all;
  });

  it('of IDLE and DONE in one packet are answered', async () => {
    const client = await server.login('idle-flood');
    await client.ok('SELECT INBOX');
    client.send(Array.from({ length: 200 }, (_, at) => `i${at} IDLE\r\nDONE\r\n`).join(''));
    for (let at = 0; at < 200; at++) {
      expect(await client.line()).toBe('+ idling');
      expect(await client.line()).toBe(`i${at} OK Done`);
    }
  });

  it('of news to who idles and reads nothing end in the truth', async () => {
    const writer = await server.login('idle-slow');
    const messages = Array.from({ length: 500 }, () => ' {12+}\r\nSubject: x\r\n').join('');
    await writer.ok(`APPEND INBOX${messages}`);
    const slow = await server.login('idle-slow');
    await slow.ok('SELECT INBOX');
    await writer.ok('SELECT INBOX');
    slow.send('i IDLE\r\n');
    expect(await slow.line()).toBe('+ idling');
    slow.socket.pause();
    for (let round = 0; round < 60; round++) {
      await writer.ok(`STORE 1:* ${round % 2 === 0 ? '+' : '-'}FLAGS.SILENT (\\Seen \\Flagged \\Answered)`);
    }
    await writer.ok('STORE 1:* FLAGS.SILENT (done)');
    slow.socket.resume();
    slow.send('DONE\r\n');
    const flags = new Map<number, string>();
    for (let line = await slow.line(); line !== 'i OK Done'; line = await slow.line()) {
      const [, number, told] = /^\* (\d+) FETCH \(UID \d+ FLAGS \(([^)]*)\)\)$/.exec(line) ?? [];
      if (told !== undefined) flags.set(Number(number), told);
    }
    expect([...new Set(flags.values())]).toEqual(['\\Recent done']);
    expect(flags.size).toBe(500);
  });
});

describe('a connection that the client has closed for writing', () => {
  it('gets all answers, and ends', async () => {
    await (await server.login('half')).append('INBOX', `Subject: x\n\n${'y'.repeat(1_000_000)}\n`);
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    const ended = once(socket, 'end');
    socket.end('a LOGIN half secret\r\nb SELECT INBOX\r\nc FETCH 1 BODY.PEEK[]\r\nd NOOP\r\n');
    await ended;
    expect(received).toMatch(/^a OK/m);
    expect(received).toContain('y'.repeat(1_000_000));
    expect(received).toMatch(/^d OK Done\r\n$/m);
    socket.destroy();
  });

  it('in the middle of a command or of IDLE ends', async () => {
    for (const text of [
      'a LOG',
      'a LOGIN half secret\r\nb IDLE\r\n',
      'a LOGIN half secret\r\nb APPEND INBOX {100+}\r\nx',
    ]) {
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
      const ended = once(socket, 'end');
      socket.resume().end(text);
      await ended;
      socket.destroy();
    }
  });
});
