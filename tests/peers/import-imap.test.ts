import { spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launcher, resultOf, runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { eventually } from './eventually.ts';
import { makeMail } from './make-mail.ts';
import { openImap, type Reader } from './read-mail.ts';
import { type Dovecot, startDovecot } from './start-dovecot.ts';

/** Messages of a mailbox, sorted: bytes, flags and date of each. */
async function readMessages(reader: Reader, mailbox: string): Promise<string[]> {
  await using client = await openImap(reader);
  const { exists } = await client.mailboxOpen(mailbox, { readOnly: true });
  const messages: string[] = [];
  if (exists === 0) return messages;
  for await (const message of client.fetch('1:*', { source: true, flags: true, internalDate: true })) {
    const sha256 = createHash('sha256').update(message.source!).digest('hex');
    const flags = [...(message.flags ?? [])].filter((flag) => flag !== '\\Recent').sort();
    const date = new Date(message.internalDate as string | Date).toISOString();
    messages.push(`${sha256} ${message.source!.length} (${flags.join(' ')}) ${date}`);
  }
  return messages.sort();
}

interface Folder {
  readonly subscribed: boolean;
  readonly specialUse: string | undefined;
}

async function readFolders(reader: Reader): Promise<Record<string, Folder>> {
  await using client = await openImap(reader);
  const folders = await client.list();
  return Object.fromEntries(
    folders
      .filter(({ flags }) => !flags.has('\\Noselect') && !flags.has('\\NonExistent'))
      .map(({ path, delimiter, subscribed, specialUse }) => [
        path.split(delimiter).join('/'),
        { subscribed: subscribed ?? false, specialUse: specialUse === '\\Inbox' ? undefined : specialUse },
      ]),
  );
}

/** Puts a message into a maildir, as a delivery does. */
async function put(dovecot: Dovecot, folder: string, name: string, bytes: Buffer, time: Date): Promise<void> {
  const directory = join(dovecot.maildir, folder);
  for (const part of ['', 'cur', 'new', 'tmp']) {
    await mkdir(join(directory, part), { recursive: true });
    await dovecot.own(join(directory, part));
  }
  const path = join(directory, 'cur', `${name}:2,S`);
  await writeFile(path, bytes);
  await utimes(path, time, time);
  await dovecot.own(path);
}

describe.each([
  { separator: '/', prefix: '' },
  { separator: '.', prefix: 'INBOX.' },
])('importing from Dovecot with separator $separator and prefix "$prefix"', ({ separator, prefix }) => {
  let dovecot: Dovecot;
  let server: TestServer;
  let here: Reader;
  const there = (path: string): string => `${prefix}${path.split('/').join(separator)}`;
  const run = (...more: string[]) =>
    runCommand(['import', 'imap', 'me', '--config', server.configPath, ...common(), '--json', ...more], 'secret\n');
  const common = (): string[] => [
    ...['--host', 'localhost', '--port', String(dovecot.imapsPort), '--user', 'you'],
    ...['--ca-file', dovecot.authorityFile],
  ];

  beforeAll(async () => {
    dovecot = await startDovecot({ separator, prefix });
    server = await startTestServer();
    here = { host: '127.0.0.1', port: server.ports.imap, user: 'me@example.org', password: 'secret' };
    await fill();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await dovecot[Symbol.asyncDispose]();
  });

  async function fill(): Promise<void> {
    await using client = await openImap(dovecot.reader);
    for (const path of [
      'Lists/node/Käse & Brot',
      'Empty',
      'Gesendet',
      'Gesendet/2020',
      'Trash',
      'Everything',
      'ぽすと',
    ]) {
      await client.mailboxCreate(there(path));
    }
    // The client subscribes to what it makes.
    await client.mailboxUnsubscribe(there('Gesendet/2020'));
    for (const path of ['Lists/node/Käse & Brot', 'Gesendet', 'Empty']) await client.mailboxSubscribe(there(path));
    const twice = makeMail().bytes;
    const mails: [string, Buffer, string[], string][] = [
      ['INBOX', makeMail({ eightBit: true }).bytes, ['\\Seen', '\\Answered', '$Forwarded'], '2001-02-03T04:05:06Z'],
      ['INBOX', twice, ['\\Flagged', 'Work-2026', '$Label1'], '2020-02-29T23:59:59Z'],
      ['INBOX', twice, [], '2020-02-29T23:59:59Z'],
      ['INBOX', Buffer.from('Subject: no body and no end'), ['\\Draft'], '1999-12-31T23:59:59Z'],
      ['INBOX', makeMail({ bodyBytes: 50_000_000 }).bytes, ['\\Deleted'], '2026-11-01T00:00:00Z'],
      [there('Lists/node/Käse & Brot'), makeMail({ bodyBytes: 200_000 }).bytes, ['\\Seen'], '2010-10-10T10:10:10Z'],
      [there('Gesendet'), makeMail().bytes, ['\\Seen'], '2011-11-11T11:11:11Z'],
      [there('Gesendet/2020'), makeMail().bytes, ['\\Seen'], '2012-12-12T12:12:12Z'],
      [there('Everything'), makeMail().bytes, ['\\Seen'], '2012-12-12T12:12:13Z'],
      [there('ぽすと'), makeMail({ eightBit: true }).bytes, ['\\Seen'], '2013-01-01T00:00:00Z'],
    ];
    for (const [mailbox, bytes, flags, date] of mails) {
      await client.append(mailbox, bytes, flags, new Date(date));
    }
    for (let number = 0; number < 1_500; number++) {
      const time = new Date(Date.UTC(2015, 0, 1) + number * 3_600_000);
      await put(dovecot, '.Many', `${number}.many.host`, makeMail({ bodyBytes: (number % 7) * 2_000 }).bytes, time);
    }
  }

  const folders = {
    INBOX: 'INBOX',
    'Lists/node/Käse & Brot': 'Lists/node/Käse & Brot',
    Empty: 'Empty',
    Gesendet: 'Sent',
    'Gesendet/2020': 'Sent/2020',
    Trash: 'Trash',
    ぽすと: 'ぽすと',
    Many: 'Many',
  };

  async function expectEqual(): Promise<number> {
    let messages = 0;
    for (const [from, to] of Object.entries(folders)) {
      const source = await readMessages(dovecot.reader, from === 'INBOX' ? from : there(from));
      expect(await readMessages(here, to), `${from} -> ${to}`).toEqual(source);
      messages += source.length;
    }
    return messages;
  }

  it('says in a dry run what would come, and changes nothing', async () => {
    const dry = await run('--dry-run');
    expect(dry.code, dry.stderr).toBe(0);
    expect(resultOf(dry)).toMatchObject({ dryRun: true, imported: 1_509, alreadyThere: 0, skipped: 0 });
    expect(Object.keys(await readFolders(here))).not.toContain('Many');
    expect(await readMessages(here, 'INBOX')).toEqual([]);
  });

  it('is killed in the middle, goes on, and makes both ends equal', async () => {
    // First the command, then the server: each at a moment when some messages are there and others are not.
    const start = () => {
      const args = ['import', 'imap', 'me', '--config', server.configPath, ...common(), '--json'];
      const command = spawn(process.execPath, [launcher, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
      command.stdin.end('secret\n');
      const ended = new Promise((resolve) => command.once('exit', resolve));
      return { command, ended };
    };
    const first = start();
    expect(await firstProgress(first.command.stdout)).toBe(true);
    first.command.kill('SIGKILL');
    await first.ended;
    // The server takes a moment to notice, and refuses another import until then.
    const second = await eventually('another import begins', async () => {
      const run = start();
      return (await firstProgress(run.command.stdout)) ? run : undefined;
    });
    await server.kill();
    await second.ended;
    server = await startTestServer({ directory: server.directory, ports: server.ports });
    const many = (await readMessages(here, 'Many').catch(() => [])).length;
    expect(many).toBeLessThan(1_500);
    const third = await run();
    expect(third.code, third.stderr).toBe(0);
    const result = resultOf(third);
    expect(result.alreadyThere).toBeGreaterThan(0);
    expect(await expectEqual()).toBe(1_509);
    expect(result.imported + result.alreadyThere).toBe(1_509);
  });

  it('has brought mailboxes, subscriptions and special uses', async () => {
    const found = await readFolders(here);
    expect(found).toMatchObject({
      'Lists/node/Käse & Brot': { subscribed: true, specialUse: undefined },
      Empty: { subscribed: true },
      Sent: { specialUse: '\\Sent', subscribed: true },
      'Sent/2020': { subscribed: false },
      Many: { subscribed: false },
    });
    expect(Object.keys(found)).not.toContain('Everything');
    expect(Object.keys(found)).not.toContain('Gesendet');
  });

  it('brings only what is new the second time, and follows flags when asked to', async () => {
    const nothing = await run();
    expect(resultOf(nothing)).toMatchObject({ imported: 0, alreadyThere: 1_509, matched: 0 });
    {
      await using client = await openImap(dovecot.reader);
      await client.append(there('ぽすと'), makeMail().bytes, ['\\Seen']);
      await client.mailboxOpen(there('Many'));
      await client.messageFlagsRemove('1:3', ['\\Seen']);
      await client.messageFlagsAdd('2', ['\\Flagged', 'Later']);
      await client.messageDelete('4');
    }
    {
      // What was done here stays.
      await using client = await openImap(here);
      await client.mailboxOpen('Many');
      await client.messageFlagsAdd('2', ['\\Answered']);
    }
    const plain = await run();
    expect(resultOf(plain)).toMatchObject({ imported: 1, flagsChanged: 0 });
    const updated = await run('--update-flags');
    expect(resultOf(updated)).toMatchObject({ imported: 0, flagsChanged: 3 });
    await using client = await openImap(here);
    const { exists } = await client.mailboxOpen('Many', { readOnly: true });
    expect(exists).toBe(1_500);
    const flags = (await client.fetchAll('1:4', { flags: true })).map((message) => [...(message.flags ?? [])].sort());
    expect(flags).toEqual([[], ['Later', '\\Answered', '\\Flagged'], [], ['\\Seen']]);
    expect(resultOf(await run('--update-flags'))).toMatchObject({ imported: 0, flagsChanged: 0 });
  });

  it('adds nothing twice when the source has a new UIDVALIDITY', async () => {
    await dovecot.stop();
    await using client = await openImap(here);
    const before = await client.status('Many', { messages: true });
    const list = join(dovecot.maildir, '.Many', 'dovecot-uidlist');
    const text = await readFile(list, 'utf8');
    await writeFile(list, text.replace(/^3 V\d+/, '3 V123456789'));
    for (const name of await readdir(join(dovecot.maildir, '.Many'))) {
      if (name.startsWith('dovecot.index')) await rm(join(dovecot.maildir, '.Many', name));
    }
    await dovecot.start();
    const again = await run();
    expect(again.code, again.stderr).toBe(0);
    expect(resultOf(again)).toMatchObject({ imported: 0, matched: 1_499 });
    expect(await client.status('Many', { messages: true })).toEqual(before);
    expect(resultOf(await run())).toMatchObject({ imported: 0, matched: 0 });
  });

  it('trusts the certificate by its fingerprint, or by STARTTLS with an authority, and else not at all', async () => {
    const args = ['import', 'imap', 'me', '--config', server.configPath, '--user', 'you', '--dry-run'];
    const imaps = ['--host', '127.0.0.1', '--port', String(dovecot.imapsPort)];
    const untrusted = await runCommand([...args, ...imaps], 'secret\n');
    expect(untrusted.code).toBe(1);
    expect(untrusted.stderr).toContain('its certificate is not accepted');
    const { fingerprint256 } = new X509Certificate(dovecot.certificate.certificate);
    expect(untrusted.stderr).toContain(`--fingerprint ${fingerprint256}`);
    const pinned = await runCommand([...args, ...imaps, '--fingerprint', fingerprint256], 'secret\n');
    expect(pinned.code, pinned.stderr).toBe(0);
    const other = await runCommand([...args, ...imaps, '--fingerprint', 'ab'.repeat(32)], 'secret\n');
    expect(other.code).toBe(1);
    const starttls = ['--host', 'localhost', '--port', String(dovecot.reader.port), '--tls', 'starttls'];
    const upgraded = await runCommand([...args, ...starttls, '--ca-file', dovecot.authorityFile], 'secret\n');
    expect(upgraded.code, upgraded.stderr).toBe(0);
    const wrong = await runCommand([...args, ...starttls, '--ca-file', dovecot.authorityFile], 'wrong\n');
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('Cannot log in');
    expect(wrong.stderr).not.toContain('wrong');
  });
});

/** Whether a message of the large mailbox has come before the end. */
async function firstProgress(output: NodeJS.ReadableStream): Promise<boolean> {
  let text = '';
  for await (const chunk of output) {
    text += chunk;
    for (const line of text.split('\n').slice(0, -1)) {
      const event = JSON.parse(line);
      if (event.event === 'progress' && event.step.endsWith('Many') && event.done > 0) return true;
    }
  }
  return false;
}
