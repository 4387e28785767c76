import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { SmtpTestClient } from '../harness/smtp-test-client.ts';
import { type CommandResult, runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { testCertificate } from '../harness/test-certificates.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    accounts: ['me', 'you'],
    // Those of all tests count together.
    settings: 'limits: { failedLoginDelay: 0, failedLoginsPerMinute: 1000 }',
  });
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

const issuer = testCertificate({ name: 'Nobody knows' });

function certificateOf(privateKey: KeyObject): { cert: string; key: string } {
  const { certificate: cert, key } = testCertificate({ name: 'phone', issuer, privateKey });
  return { cert, key };
}

function makeCertificate(): { cert: string; key: string } {
  return certificateOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await server.command(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

function addKey(certificate: { cert: string }, ...args: string[]): Promise<CommandResult> {
  return runCommand(['config', 'tlspubkey', 'add', ...args, '--config', server.configPath], certificate.cert);
}

async function added(certificate: { cert: string }, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await addKey(certificate, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim();
}

const imaps = (certificate?: ConnectionOptions) =>
  ImapTestClient.connect(server.ports.imaps, true, { certificate: certificate as { cert: string; key: string } });

async function imapWithStartTls(certificate: { cert: string; key: string }): Promise<ImapTestClient> {
  const client = await ImapTestClient.connect(server.ports.imap);
  await client.ok('STARTTLS');
  await client.startTls(certificate);
  return client;
}

async function submission(certificate?: { cert: string; key: string }): Promise<[SmtpTestClient, string]> {
  const client = await SmtpTestClient.connect(server.ports.submissions, true, certificate);
  await client.reply();
  return [client, await client.ask('EHLO phone.example')];
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('app passwords', { timeout: 60_000 }, () => {
  it('let in what they are for, are shown with their use, and end with their sessions', async () => {
    const both = (await done('config', 'account', 'apppassword', 'add', 'me@example.org', 'phone')).trim();
    const sending = (await done('config', 'account', 'apppassword', 'add', 'me', 'scanner', '--scope', 'smtp')).trim();
    expect(both).toMatch(/^(?:[a-z2-9]{4}-){6}[a-z2-9]{4}$/);
    using phone = await ImapTestClient.login(server.ports.imap, 'me@example.org', both);
    await phone.ok('ID ("name" "Test Mail" "version" "3")');
    using own = await ImapTestClient.login(server.ports.imap, 'me', 'secret');
    using refused = await ImapTestClient.connect(server.ports.imap);
    const wrongScope = await refused.command(`LOGIN me ${sending}`);
    expect(wrongScope.tagged).toBe((await refused.command('LOGIN me wrong')).tagged);
    const [scanner] = await submission();
    using _ = scanner;
    expect(await scanner.ask(`AUTH PLAIN ${base64(`\0me\0${sending}`)}`)).toMatch(/^235 /);

    const list = await done('config', 'account', 'apppassword', 'list', 'me');
    expect(list).toMatch(/^20.* {2}20.* {2}imap smtp {2}phone$/m);
    expect(list).toMatch(/^20.* {2}20.* {2}smtp {7}scanner$/m);
    const logins = await done('config', 'account', 'logins', 'me');
    expect(logins).toMatch(
      /succeeded +me +127\.0\.0\.1 +imap +LOGIN command +phone +- +"Test Mail 3" +"me@example\.org"$/m,
    );
    expect(logins).toMatch(/succeeded +me +127\.0\.0\.1 +submission +PLAIN +scanner +TLSv1\.3 \w+ +"phone\.example"/);
    expect(logins).toMatch(/failed +me +127\.0\.0\.1 +imap +LOGIN command +- /);

    await done('config', 'account', 'apppassword', 'rm', 'me', 'phone');
    await phone.play('S: * BYE The password or certificate is not valid any more\nS: <closed>');
    await own.ok('NOOP');
    expect(await server.command('config', 'account', 'apppassword', 'rm', 'me', 'phone')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cannot remove app password "phone": account "me" has none of that name'),
    });
    expect((await refused.command(`LOGIN me ${both}`)).tagged).toMatch(/^NO \[AUTHENTICATIONFAILED\] /);
  });
});

describe('sessions', { timeout: 60_000 }, () => {
  it('are listed and ended', async () => {
    using client = await ImapTestClient.login(server.ports.imap, 'you', 'secret');
    await client.ok('SELECT Inbox');
    using idle = await ImapTestClient.login(server.ports.imap, 'you', 'secret');
    await idle.play('C: a IDLE\nS: + idling');
    const { sessions } = JSON.parse(await done('config', 'account', 'sessions', 'you', '--json'));
    expect(sessions).toMatchObject([{ mailbox: 'Inbox', state: 'waiting' }, { state: 'IDLE' }]);
    expect(await done('config', 'account', 'sessions')).toMatch(/^\d+ +you +imap +127\.0\.0\.1 +20.* +IDLE .*-$/m);
    await done('config', 'account', 'sessions', 'end', String(sessions[1].id));
    await idle.play('S: * BYE The session was ended by the administrator\nS: <closed>');
    await client.ok('NOOP');
    expect(await server.command('config', 'account', 'sessions', 'end', '999999')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cannot end session 999999: it is not open'),
    });
    await runCommand(['setaccountpassword', 'you', '--config', server.configPath], 'secret\n');
    await client.play('S: * BYE The password or certificate is not valid any more\nS: <closed>');
  });

  it('end when their account is disabled', async () => {
    using client = await ImapTestClient.login(server.ports.imap, 'you', 'secret');
    await done('config', 'account', 'disable', 'you', 'holiday');
    await client.play('S: * BYE The account is not available any more\nS: <closed>');
    using again = await ImapTestClient.connect(server.ports.imap);
    expect((await again.command('LOGIN you secret')).tagged).toMatch(/^NO /);
    await done('config', 'account', 'enable', 'you');
  });
});

describe('client certificates', { timeout: 60_000 }, () => {
  it.each([
    ['ECDSA', generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'TLSv1.3'],
    ['Ed25519', generateKeyPairSync('ed25519'), 'TLSv1.3'],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }), 'TLSv1.2'],
  ] as const)('with %s keys let in, by PREAUTH and EXTERNAL', async (name, { privateKey }, maxVersion) => {
    const certificate = certificateOf(privateKey);
    const fingerprint = await added(certificate, 'me@example.org', name);
    using client = await imaps({ ...certificate, maxVersion });
    expect(client.greeting).toMatch(/^\* PREAUTH \[CAPABILITY IMAP4rev2 /);
    expect(client.greeting).not.toMatch(/AUTH=|STARTTLS/);
    await client.ok('SELECT Inbox');
    expect((await client.command('AUTHENTICATE EXTERNAL =')).tagged).toMatch(/^BAD /);
    await client.ok('UNAUTHENTICATE');
    expect((await client.ok('CAPABILITY'))[0]).toMatch(/ AUTH=EXTERNAL /);
    await client.ok('AUTHENTICATE EXTERNAL =');
    const [smtp, extensions] = await submission(certificate);
    using _ = smtp;
    expect(extensions).toMatch(/^250-AUTH EXTERNAL SCRAM/m);
    expect(await smtp.ask('AUTH EXTERNAL =')).toBe('235 2.7.0 Logged in');
    expect(await smtp.ask('MAIL FROM:<me@example.org>')).toMatch(/^250 /);
    const logins = await done('config', 'account', 'logins', 'me');
    expect(logins).toMatch(new RegExp(`succeeded +me .* imap +EXTERNAL +${name} .*"me@example.org"$`, 'm'));
    await done('config', 'tlspubkey', 'rm', fingerprint);
    await client.play('S: * BYE The password or certificate is not valid any more\nS: <closed>');
    expect(await smtp.closed()).toMatch(/^421 4\.7\.0 /);
    using later = await imaps(certificate);
    expect(later.greeting).toMatch(/^\* OK \[CAPABILITY .* AUTH=EXTERNAL /);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('let in again when %s is resumed', async (version) => {
    const certificate = makeCertificate();
    const fingerprint = await added(certificate, 'me@example.org');
    const options = { ...certificate, minVersion: version, maxVersion: version };
    using first = await imaps(options);
    const resumable = first.socket as TLSSocket;
    // TLS 1.3 sends the ticket after the handshake; something that was answered has let it come.
    await first.ok('NOOP');
    const session = resumable.getSession();
    using second = await imaps({ ...options, session });
    expect((second.socket as TLSSocket).isSessionReused()).toBe(true);
    expect(second.greeting).toMatch(/^\* PREAUTH /);
    await done('config', 'tlspubkey', 'rm', fingerprint);
    using third = await imaps({ ...options, session });
    expect(third.greeting).toMatch(/^\* OK /);
  });

  it('wait for EXTERNAL after STARTTLS, and where no PREAUTH is wanted', async () => {
    const certificate = makeCertificate();
    await added(certificate, 'me@example.org', '--no-imap-preauth');
    for (const client of [await imaps(certificate), await imapWithStartTls(certificate)]) {
      expect(client.greeting).toMatch(/^\* OK /);
      expect((await client.command('SELECT Inbox')).tagged).toMatch(/^BAD Log in first/);
      expect((await client.ok('CAPABILITY'))[0]).toMatch(/ AUTH=EXTERNAL /);
      await client.play('C: x AUTHENTICATE EXTERNAL\nS: +…\nC:\nS: x OK …');
      await client.ok('SELECT Inbox');
      client[Symbol.dispose]();
    }
    using smtp = await SmtpTestClient.connect(server.ports.submission);
    await smtp.reply();
    await smtp.ask('EHLO phone.example');
    await smtp.startTls(certificate);
    await smtp.ask('EHLO phone.example');
    await smtp.play(`
      C: AUTH EXTERNAL
      S: 334 *
      C: ${base64('me@example.org')}
      S: 235 2.7.0 Logged in
    `);
  });

  it('are for one account: another one is refused as an unknown key is', async () => {
    const mine = makeCertificate();
    await added(mine, 'me@example.org', '--no-imap-preauth');
    const answers: string[] = [];
    for (const [certificate, login] of [
      [mine, 'you@example.org'],
      [mine, 'nobody@example.org'],
      [makeCertificate(), 'me@example.org'],
      [makeCertificate(), ''],
    ] as const) {
      using client = await imapWithStartTls(certificate);
      answers.push((await client.command(`AUTHENTICATE EXTERNAL ${base64(login) || '='}`)).tagged);
    }
    expect(new Set(answers)).toEqual(new Set(['NO [AUTHENTICATIONFAILED] Login failed']));
    using client = await imapWithStartTls(mine);
    expect((await client.command(`AUTHENTICATE EXTERNAL ${base64('me\0me')}`)).tagged).toMatch(/^BAD /);
    expect((await client.command(`AUTHENTICATE EXTERNAL ${Buffer.from([0xff]).toString('base64')}`)).tagged).toMatch(
      /^BAD /,
    );
    await client.ok(`AUTHENTICATE EXTERNAL ${base64('me')}`);
    const [smtp] = await submission(makeCertificate());
    using _ = smtp;
    expect(await smtp.ask('AUTH EXTERNAL =')).toBe('535 5.7.8 Login or password is wrong');
  });

  it('are needed for EXTERNAL, which is not offered without', async () => {
    using client = await imaps();
    expect(client.greeting).not.toMatch(/EXTERNAL/);
    expect((await client.command('AUTHENTICATE EXTERNAL =')).tagged).toMatch(/^NO \[CANNOT\] /);
    const [smtp, extensions] = await submission();
    using _ = smtp;
    expect(extensions).not.toMatch(/EXTERNAL/);
    expect(await smtp.ask('AUTH EXTERNAL =')).toMatch(/^504 /);
    using plain = await ImapTestClient.connect(server.ports.imap);
    expect((await plain.command('AUTHENTICATE EXTERNAL =')).tagged).toMatch(/^NO \[CANNOT\] /);
    // Other servers are not asked for one, and not logged in by any.
    using mx = await SmtpTestClient.connect(server.ports.smtp);
    await mx.reply();
    await mx.ask('EHLO mx.example');
    await mx.startTls(makeCertificate());
    expect(await mx.ask('EHLO mx.example')).not.toMatch(/AUTH/);
  });

  it('let nobody in to an account that is disabled', async () => {
    const certificate = makeCertificate();
    await added(certificate, 'you@example.org');
    using client = await imaps(certificate);
    expect(client.greeting).toMatch(/^\* PREAUTH /);
    await done('config', 'account', 'disable', 'you', 'holiday');
    await client.play('S: * BYE The account is not available any more\nS: <closed>');
    using again = await imaps(certificate);
    expect(again.greeting).toMatch(/^\* OK /);
    expect((await again.command('AUTHENTICATE EXTERNAL =')).tagged).toBe('NO [AUTHENTICATIONFAILED] Login failed');
    await done('config', 'account', 'enable', 'you');
  });

  it('are listed, shown, and registered once', async () => {
    const certificate = makeCertificate();
    const fingerprint = await added(certificate, 'you@example.org');
    expect(fingerprint).toMatch(/^[\w-]{43}$/);
    expect(await done('config', 'tlspubkey', 'list', 'you')).toMatch(
      new RegExp(`^${fingerprint}  ecdsa-p256  you +you@example\\.org  20.* yes +"phone"$`, 'm'),
    );
    expect(await done('config', 'tlspubkey', 'list', 'me')).not.toContain(fingerprint);
    expect(JSON.parse(await done('config', 'tlspubkey', 'list', '--json'))).toContainEqual(
      expect.objectContaining({ fingerprint, account: 'you', login: 'you@example.org', noImapPreauth: false }),
    );
    const shown = await done('config', 'tlspubkey', 'get', fingerprint);
    expect(shown).toMatch(/^type: ecdsa-p256\nname: "phone"\naccount: you\naddress: you@example\.org\nadded: 20/);
    expect(shown).toContain(certificate.cert);
    expect(await addKey(certificate, 'me@example.org')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it is registered already'),
    });
    expect(await addKey({ cert: 'no certificate' }, 'me@example.org')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cannot use certificate: there is none in PEM format'),
    });
    expect(await addKey(makeCertificate(), 'nobody@example.org')).toMatchObject({ code: 1 });
    await done('config', 'tlspubkey', 'rm', fingerprint);
    const dashed = `-${'N'.repeat(42)}`;
    for (const [command, ...given] of [
      ['rm', fingerprint],
      ['get', fingerprint],
      ['rm', dashed],
      ['get', dashed],
    ] as const) {
      const { code, stderr } = await server.command('config', 'tlspubkey', command, ...given);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(`key "${given[0]}": it is not registered`),
      });
    }
  });

  it('are made by a command, which writes over no key', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'restante-keys-'));
    try {
      const stem = join(directory, 'phone');
      expect(await done('config', 'tlspubkey', 'gen', stem)).toBe(`${stem}.key\n${stem}.pem\n`);
      const [key, cert] = await Promise.all([readFile(`${stem}.key`, 'utf8'), readFile(`${stem}.pem`, 'utf8')]);
      expect((await stat(`${stem}.key`)).mode & 0o777).toBe(0o600);
      const fingerprint = await added({ cert }, 'me@example.org');
      expect(await done('config', 'tlspubkey', 'list', 'me')).toMatch(
        /ecdsa-p256 +me +me@example\.org .* yes +"phone"$/m,
      );
      using client = await imaps({ cert, key });
      expect(client.greeting).toMatch(/^\* PREAUTH /);
      await done('config', 'tlspubkey', 'rm', fingerprint);

      const again = await server.command('config', 'tlspubkey', 'gen', stem);
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining(`${stem}.key: there is such a file`) });
      expect(await readFile(`${stem}.key`, 'utf8')).toBe(key);
      await rm(`${stem}.key`);
      expect(await server.command('config', 'tlspubkey', 'gen', stem)).toMatchObject({ code: 1 });
      expect(await readdir(directory)).toEqual(['phone.pem']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
