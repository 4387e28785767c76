import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DnsServer } from '../harness/dns-server.ts';
import { type CommandResult, runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { eventually } from './eventually.ts';
import { makeMail } from './make-mail.ts';
import { awaitMail, expectUnaltered, openImap, type Reader } from './read-mail.ts';
import { runPeer, runPeerOk } from './run-peer.ts';
import { loopbackAddress } from './start-localserve.ts';

/** The commands as somebody types them, beside a running server, with mail programs to see what they do. */
let dns: DnsServer;
let server: TestServer;
let directory: string;
let me: Reader;

beforeAll(async () => {
  dns = await DnsServer.start({
    'away.example': { MX: [{ preference: 10, exchange: 'mx.away.example' }] },
    // Nobody listens there.
    'mx.away.example': { A: [loopbackAddress()] },
  });
  server = await startTestServer({
    accounts: ['me', 'other'],
    settings: `resolver: { servers: ["${dns.address}"] }`,
  });
  directory = await mkdtemp(join(tmpdir(), 'restante-peers-'));
  me = { host: '127.0.0.1', port: server.ports.imap, user: 'me@example.org', password: 'secret' };
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await dns?.[Symbol.asyncDispose]();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

function restante(args: readonly string[], input?: string): Promise<CommandResult> {
  return runCommand([...args, '--config', server.configPath], input);
}

/** Runs a command that must end well. @returns what it printed */
async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await restante(args);
  expect(code, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** What the server says of a recipient. */
async function rcpt(address: string): Promise<string> {
  const { stdout } = await runPeer('swaks', [
    ...['--server', '127.0.0.1', '--port', String(server.ports.smtp), '--from', 'you@peer.example'],
    ...['--to', address, '--quit-after', 'RCPT'],
  ]);
  return /RCPT TO.*\n<[-* ]*\s*(\d{3} [\d.]+)/.exec(stdout)?.[1] ?? stdout;
}

describe('import and export', () => {
  const python = `
import mailbox, sys
kind, path = sys.argv[1:3]
box = mailbox.Maildir(path) if kind == 'maildir' else mailbox.mbox(path)
if sys.argv[3] == 'write':
    for number, flags in enumerate(['', 'S', 'SF', 'R']):
        message = mailbox.MaildirMessage() if kind == 'maildir' else mailbox.mboxMessage()
        message['Subject'] = 'message %d' % number
        message['From'] = 'you@peer.example'
        message.set_payload('From here on, line %d\\n\\n>From there\\nend\\n' % number)
        message.set_flags(flags) if kind == 'maildir' else message.set_flags({'': '', 'S': 'RO', 'SF': 'ROF', 'R': 'A'}[flags])
        box.add(message)
    box.flush()
else:
    for message in sorted(box, key=lambda message: message['Subject']):
        print(message['Subject'], ''.join(sorted(set(message.get_flags()) & set('SFRA'))), repr(message.get_payload()))
`;

  it.each(['maildir', 'mbox'] as const)('take a %s of other software in, and out again', async (kind) => {
    const [source, exported] = [join(directory, `${kind}-source`), join(directory, `${kind}-exported`)];
    await runPeerOk('python3', ['-c', python, kind, source, 'write']);
    expect(await ok('import', kind, 'me', source, '--mailbox', `From ${kind}`)).toBe('4 messages imported\n');
    const found: Record<string, string[]> = {};
    {
      await using client = await openImap(me);
      await client.mailboxOpen(`From ${kind}`);
      for (const { envelope, flags } of await client.fetchAll('1:*', { envelope: true, flags: true })) {
        found[envelope?.subject ?? ''] = [...(flags ?? [])].sort();
      }
    }
    expect(found).toEqual({
      'message 0': [],
      'message 1': ['\\Seen'],
      'message 2': ['\\Flagged', '\\Seen'],
      'message 3': ['\\Answered'],
    });
    expect(await ok('export', kind, 'me', exported, `From ${kind}`)).toBe('4 messages of 1 mailbox exported\n');
    const path = kind === 'maildir' ? join(exported, '.From maildir') : join(exported, 'From mbox.mbox');
    const again = (await restante(['export', kind, 'me', exported])).code;
    expect(again, 'an export to where something is').toBe(1);
    const [before, after] = await Promise.all([
      runPeerOk('python3', ['-c', python, kind, source, 'read']),
      runPeerOk('python3', ['-c', python, kind, path, 'read']),
    ]);
    expect(before.split('\n')).toHaveLength(5);
    // The mbox of Python doesn't undo quoting: the file has one more ">".
    expect(kind === 'mbox' ? after.replaceAll('>>From', '>From') : after).toBe(before);
  });

  it('take a maildir with folders of 8-bit messages in, and export the same bytes', async () => {
    const source = join(directory, 'folders');
    const { bytes, subject } = makeMail({ eightBit: true, bodyBytes: 200_000 });
    const unix = bytes.toString('latin1').replaceAll('\r\n', '\n');
    for (const folder of ['', '.Lists.K&AOQ-se']) {
      for (const part of ['cur', 'new', 'tmp']) await mkdir(join(source, folder, part), { recursive: true });
      await writeFile(join(source, folder, 'cur', '1.M1.host:2,S'), unix, 'latin1');
    }
    expect(JSON.parse(await ok('import', 'maildir', 'me@example.org', source, '--json'))).toMatchObject({
      imported: 2,
    });
    expect((await awaitMail(me, subject, 'Lists/Käse')).equals(bytes)).toBe(true);
    const exported = join(directory, 'folders-exported');
    await ok('export', 'maildir', 'me', exported, 'Lists/Käse');
    const files = await runPeerOk('find', [exported, '-type', 'f', '-path', '*/cur/*']);
    expect(await readFile(files.trim(), 'latin1')).toBe(unix);
  });

  it('name what is not there', async () => {
    const missing = await restante(['import', 'mbox', 'me', join(directory, 'missing.mbox')]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/missing\.mbox/);
    const unknown = await restante(['export', 'mbox', 'nobody', join(directory, 'nobody')]);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(/"nobody"/);
  });
});

describe('sendmail', () => {
  it('takes recipients from the message with -t, and hides Bcc', async () => {
    const { subject } = makeMail();
    const text = `To: Me <me@example.org>\nBcc: other@example.org\nSubject: ${subject}\n\nHello\n..\n.\nnot sent\n`;
    expect(await restante(['sendmail', '-t', '-f', 'me@example.org'], text)).toMatchObject({ code: 0, stdout: '' });
    for (const user of ['me@example.org', 'other@example.org']) {
      const mail = (await awaitMail({ ...me, user }, subject)).toString();
      expect(mail).toMatch(/^From: <?me@example\.org>?\r$/m);
      expect(mail).toMatch(/^Date: .*\r\n(?:.*\r\n)*Message-ID: </m);
      expect(mail).not.toMatch(/^Bcc/m);
      expect(mail.endsWith('\r\n\r\nHello\r\n..\r\n')).toBe(true);
    }
  });

  it('needs a recipient', async () => {
    expect(await restante(['sendmail'], 'Subject: x\n\n')).toMatchObject({ code: 2 });
    expect(await restante(['sendmail', '-t'], 'Subject: x\n\n')).toMatchObject({ code: 1 });
  });
});

describe('queue', () => {
  const list = async (): Promise<{ id: number; recipient: string; attempts: number; held: boolean }[]> =>
    (await ok('queue', 'list', '--json'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('lists, holds, releases, dumps, fails and drops what waits', async () => {
    expect(await ok('queue', 'list')).toBe('Nothing waits.\n');
    const { subject, bytes } = makeMail({ from: 'me@example.org', to: 'one@away.example' });
    const message = bytes.toString('latin1').replaceAll('\r\n', '\n');
    await restante(['sendmail', '-i', '-f', 'me@example.org', 'one@away.example', 'two@away.example'], message);
    const [one, two] = await eventually('both are tried', async () => {
      const entries = await list();
      return entries.length === 2 && entries.every(({ attempts }) => attempts === 1) ? entries : undefined;
    });
    expect([one.recipient, two.recipient]).toEqual(['one@away.example', 'two@away.example']);
    expect(await ok('queue', 'list')).toMatch(/one@away\.example.*\n.*two@away\.example/);
    expect(await ok('queue', 'hold', '--recipient', 'one@away.example')).toBe('1 held\n');
    expect((await list()).map(({ held }) => held)).toEqual([true, false]);
    await ok('queue', 'schedule', '--all', '--now');
    await eventually('the one that is not held is tried', async () => (await list())[1].attempts > 1 || undefined);
    expect((await list())[0].attempts).toBe(1);
    expect(await ok('queue', 'unhold', '--held')).toBe('1 released\n');
    await ok('queue', 'schedule', String(one.id), '--now');
    await eventually('the other is tried', async () => (await list())[0].attempts > 1 || undefined);
    expectUnaltered(Buffer.from(`X: y\r\n${await ok('queue', 'dump', String(one.id))}`), bytes);
    // Nothing happens to what is being tried at this moment.
    await eventually(
      'it is given up',
      async () => (await ok('queue', 'fail', String(one.id))) === '1 failed\n' || undefined,
    );
    const dsn = await eventually('the sender is told', async () => {
      await using client = await openImap(me);
      await client.mailboxOpen('INBOX');
      const [uid] = (await client.search({ body: subject }, { uid: true })) || [];
      const found = uid === undefined ? false : await client.fetchOne(String(uid), { source: true }, { uid: true });
      return found === false ? undefined : found.source?.toString();
    });
    expect(dsn).toMatch(/^Final-Recipient: rfc822; ?one@away\.example/m);
    expect(await ok('queue', 'drop', '--domain', 'away.example')).toBe('1 dropped\n');
    expect(await ok('queue', 'list')).toBe('Nothing waits.\n');
    expect(await restante(['queue', 'dump', String(two.id)])).toMatchObject({ code: 1 });
    expect(await restante(['queue', 'drop'])).toMatchObject({ code: 2 });
  });
});

describe('config', () => {
  it('adds and removes accounts, addresses and aliases while the server runs', async () => {
    expect(await rcpt('new@example.org')).toBe('550 5.1.1');
    await ok('config', 'account', 'add', 'new', 'new@example.org', '--full-name', 'New');
    expect(await rcpt('new@example.org')).toBe('250 2.1.5');
    expect(await restante(['setaccountpassword', 'new'], 'another password\n')).toMatchObject({ code: 0 });
    const login = { ...me, user: 'new@example.org', password: 'another password' };
    await (await openImap(login)).logout();
    await ok('config', 'address', 'add', 'sales@example.org', 'new', '--mailbox', 'Sales');
    await ok('config', 'alias', 'add', 'all@example.org', 'me@example.org', 'new@example.org', '--post-public');
    for (const address of ['sales@example.org', 'all@example.org']) {
      const { subject, bytes } = makeMail({ from: 'you@peer.example', to: address });
      const mail = join(directory, 'mail.eml');
      await writeFile(mail, bytes);
      await runPeerOk('curl', [
        ...['--silent', '--show-error', '--url', `smtp://127.0.0.1:${server.ports.smtp}/peer.example`],
        ...['--mail-from', 'you@peer.example', '--mail-rcpt', address, '--upload-file', mail],
      ]);
      expectUnaltered(await awaitMail(login, subject, address.startsWith('sales') ? 'Sales' : 'INBOX'), bytes);
      if (address.startsWith('all')) expectUnaltered(await awaitMail(me, subject), bytes);
    }
    expect(await ok('config', 'address', 'list', 'new')).toMatch(/sales@example\.org +new +Sales/);
    await ok('config', 'alias', 'rm', 'all@example.org');
    await ok('config', 'address', 'rm', 'sales@example.org');
    for (const address of ['sales', 'all']) expect(await rcpt(`${address}@example.org`)).toBe('550 5.1.1');
    await ok('config', 'account', 'rm', 'new');
    expect(await rcpt('new@example.org')).toBe('550 5.1.1');
    await expect(openImap(login)).rejects.toMatchObject({ authenticationFailed: true });
    await ok('config', 'test');
  });

  it('refuses what makes no sense, and changes nothing', async () => {
    const before = await readFile(join(server.directory, 'config', 'domains.yaml'), 'utf8');
    expect(await restante(['config', 'account', 'add', 'x', 'x@elsewhere.example'])).toMatchObject({ code: 1 });
    expect(await restante(['config', 'address', 'add', 'other@example.org', 'me'])).toMatchObject({ code: 1 });
    expect(await restante(['config', 'alias', 'add', 'a@example.org', 'nobody@example.org'])).toMatchObject({
      code: 1,
    });
    expect(await readFile(join(server.directory, 'config', 'domains.yaml'), 'utf8')).toBe(before);
  });
});

describe('setaccountpassword', () => {
  it('changes the password at once, for all mechanisms', async () => {
    const other = { ...me, user: 'other@example.org' };
    const password = (await ok('setaccountpassword', 'other', '--generate')).trim();
    await (await openImap({ ...other, password })).logout();
    await expect(openImap(other)).rejects.toMatchObject({ authenticationFailed: true });
    await restante(['setaccountpassword', 'other@example.org'], 'secret\n');
    await (await openImap(other)).logout();
    const scram = ['--auth=scram-sha-256', '--user=other@example.org', '--passwordeval=echo secret'];
    const to = ['--from=other@example.org', '--', 'me@example.org'];
    const at = ['--file=/dev/null', '--host=127.0.0.1', `--port=${server.ports.submission}`, '--tls=off'];
    await runPeerOk('msmtp', [...at, ...scram, ...to], { input: 'Subject: hello\n\nhello\n' });
  });
});

describe('loglevels', () => {
  it('changes what is logged while the server runs', async () => {
    let logged = '';
    server.process.stdout?.on('data', (chunk) => {
      logged += chunk;
    });
    server.process.stderr?.on('data', (chunk) => {
      logged += chunk;
    });
    expect(await ok('loglevels')).toMatch(/\(all others\) +warn/);
    await ok('loglevels', 'debug', 'smtp-server');
    expect(JSON.parse(await ok('loglevels', '--json'))).toMatchObject({ '': 'warn', 'smtp-server': 'debug' });
    expect(logged).not.toContain('refused');
    expect(await rcpt('nobody@example.org')).toBe('550 5.1.1');
    await eventually('the refusal is logged', async () => /"part":"smtp-server".*"refused"/.test(logged) || undefined);
    await ok('loglevels', 'default', 'smtp-server');
    expect(JSON.parse(await ok('loglevels', '--json'))).not.toHaveProperty('smtp-server');
    expect(await restante(['loglevels', 'loud'])).toMatchObject({ code: 2 });
  });
});
