import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DnsServer } from '../harness/dns-server.ts';
import { startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { eventually } from './eventually.ts';
import { makeMail } from './make-mail.ts';
import { awaitMail, expectUnaltered, type Reader } from './read-mail.ts';
import { runPeerOk } from './run-peer.ts';
import { loopbackAddress } from './start-localserve.ts';
import { type Postfix, startPostfix } from './start-postfix.ts';

/**
 * Two sites on this machine: Restante for example.org, Postfix for remote.example. Restante finds Postfix as it finds any other
 * server: by MX and address records, at port 25, which Postfix has on a loopback address of its own.
 */
let dns: DnsServer;
let restante: TestServer;
let postfix: Postfix;
let postfixAddress: string;
let me: Reader;

beforeAll(async () => {
  postfixAddress = loopbackAddress();
  dns = await DnsServer.start({
    'remote.example': { MX: [{ preference: 10, exchange: 'mx.remote.example' }] },
    'mx.remote.example': { A: [postfixAddress] },
  });
  restante = await startTestServer({ settings: `resolver: { servers: ["${dns.address}"] }` });
  me = { host: '127.0.0.1', port: restante.ports.imap, user: 'me@example.org', password: 'secret' };
  postfix = await startPostfix({
    address: postfixAddress,
    domain: 'remote.example',
    mailboxes: ['you', 'late', 'refused'],
    transports: { 'example.org': `127.0.0.1:${restante.ports.smtp}` },
  });
});

afterAll(async () => {
  await postfix?.[Symbol.asyncDispose]();
  await restante?.[Symbol.asyncDispose]();
  await dns?.[Symbol.asyncDispose]();
});

const dsnOptions = ['--dsn-notify=success,failure', '--dsn-return=headers'];

function toUnix(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** Hands a message to Restante, as its user. */
async function submit(bytes: Buffer, recipients: readonly string[], ...options: string[]): Promise<void> {
  const login = [
    '--auth=scram-sha-256',
    '--user=me@example.org',
    '--passwordeval=echo secret',
    '--from=me@example.org',
  ];
  const server = ['--file=/dev/null', '--host=127.0.0.1', `--port=${restante.ports.submission}`, '--tls=off'];
  await runPeerOk('msmtp', [...server, ...login, ...options, '--', ...recipients], { input: toUnix(bytes) });
}

/** Hands a message to Postfix, as a user of that site. */
async function submitToPostfix(bytes: Buffer, recipients: readonly string[], ...options: string[]): Promise<void> {
  const server = ['--file=/dev/null', `--host=${postfixAddress}`, '--port=25', '--tls=off', '--auth=off'];
  await runPeerOk('msmtp', [...server, '--from=you@remote.example', ...options, '--', ...recipients], {
    input: toUnix(bytes),
  });
}

/** Waits for a message at Postfix that holds a text. */
function atPostfix(account: string, text: string): Promise<string> {
  return eventually(`"${text}" is in the mailbox of ${account} at Postfix`, async () =>
    (await postfix.mail(account)).map((bytes) => bytes.toString('latin1')).find((mail) => mail.includes(text)),
  );
}

/** Waits for the DSN in my Inbox that tells of a message, and has an action. Its long lines are unfolded. */
async function dsnFor(subject: string, action: string): Promise<string> {
  return await eventually(`a DSN with "${action}" for "${subject}" is in Inbox`, async () => {
    const output = await runPeerOk('curl', [
      ...['--silent', '--user', 'me@example.org:secret', '--url', `imap://127.0.0.1:${restante.ports.imap}/INBOX`],
      ...['--request', `SEARCH BODY "Subject: ${subject}" BODY "Action: ${action}"`],
    ]);
    const number = /^\* SEARCH (\d+)/.exec(output)?.[1];
    if (number === undefined) return undefined;
    const dsn = await runPeerOk('curl', [
      ...['--silent', '--user', 'me@example.org:secret'],
      ...['--url', `imap://127.0.0.1:${restante.ports.imap}/INBOX;MAILINDEX=${number}`],
    ]);
    return dsn.replaceAll(/\r\n[ \t]+/g, ' ');
  });
}

interface QueueEntry {
  id: number;
  recipient: string;
  attempts: number;
  [key: string]: unknown;
}

async function queue(): Promise<QueueEntry[]> {
  const { stdout } = await restante.command('queue', 'list', '--json');
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as QueueEntry);
}

async function expectEmptyQueue(): Promise<void> {
  await eventually('the queue is empty', async () => (await queue()).length === 0 || undefined);
}

describe('Restante sends to Postfix', () => {
  it('over TLS, to where MX records say, unaltered', async () => {
    const { subject, bytes } = makeMail({
      from: 'me@example.org',
      to: 'you@remote.example',
      eightBit: true,
      bodyBytes: 2_000_000,
    });
    await submit(bytes, ['you@remote.example']);
    const mail = await atPostfix('you', subject);
    expect(mail.endsWith(toUnix(bytes).toString('latin1'))).toBe(true);
    expect(mail).toMatch(/^Return-Path: <me@example\.org>$/m);
    // Postfix says how it came.
    expect(mail).toMatch(
      /^Received: from mail\.example\.org .*\n\t\(using TLSv1\.3 with cipher TLS_AES_256_GCM_SHA384/m,
    );
    expect(mail).toMatch(/^\tby mx\.remote\.example \(Postfix\) with ESMTPS id /m);
    // Where its users are is nobody's business.
    expect(mail).toMatch(
      /^Received: by mail\.example\.org \(Restante\) with ESMTPA\n\tid \w+\n\tfor <you@remote\.example>;\n/m,
    );
    await expectEmptyQueue();
  });

  it('and the sender gets a success DSN from Postfix when asked for', async () => {
    const { subject, bytes } = makeMail({ from: 'me@example.org', to: 'you@remote.example' });
    await submit(bytes, ['you@remote.example'], ...dsnOptions);
    const dsn = await dsnFor(subject, 'delivered');
    expect(dsn).toMatch(/^Reporting-MTA: dns; mx\.remote\.example/m);
    expect(dsn).toMatch(/^Status: 2\.0\.0/m);
    expect(dsn).toMatch(/^Final-Recipient: rfc822; you@remote\.example/m);
    expect(dsn).toMatch(/^Return-Path: <>/m);
    await expectEmptyQueue();
  });

  it('and the sender gets a failure DSN for one recipient of two that is refused', async () => {
    await postfix.answer({ 'refused@remote.example': '550 5.7.1 Not wanted here' });
    const { subject, bytes } = makeMail({ from: 'me@example.org', to: 'you@remote.example' });
    await submit(bytes, ['you@remote.example', 'refused@remote.example', 'nobody@remote.example']);
    await atPostfix('you', subject);
    const dsn = await dsnFor(subject, 'failed');
    expect(dsn).toMatch(/^Reporting-MTA: dns; ?mail\.example\.org\r$/m);
    expect(dsn).toMatch(/^Final-Recipient: rfc822; ?refused@remote\.example\r$/m);
    expect(dsn).toMatch(/^Final-Recipient: rfc822; ?nobody@remote\.example\r$/m);
    expect(dsn).not.toMatch(/^Final-Recipient: rfc822; ?you@/m);
    expect(dsn).toMatch(/^Status: 5\.7\.1\r$/m);
    expect(dsn).toMatch(/^Status: 5\.1\.1\r$/m);
    expect(dsn).toMatch(/^Remote-MTA: dns; ?mx\.remote\.example\r$/m);
    expect(dsn).toMatch(/^Diagnostic-Code: smtp; ?550 5\.7\.1 .*Not wanted here/m);
    expect(dsn).toMatch(/^Content-Type: (?:text\/rfc822-headers|message\/rfc822)/m);
    const header = bytes.toString('latin1').split('\r\n\r\n')[0];
    expect(dsn).toContain(header);
    expect(dsn).toMatch(/^Return-Path: <>\r$/m);
    await expectEmptyQueue();
  });

  it('and keeps what is deferred until the operator schedules it', async () => {
    await postfix.answer({ 'late@remote.example': '450 4.2.1 Come back later' });
    const { subject, bytes } = makeMail({ from: 'me@example.org', to: 'late@remote.example' });
    await submit(bytes, ['late@remote.example']);
    const entry = await eventually('the first attempt is made', async () =>
      (await queue()).find(({ attempts }) => attempts === 1),
    );
    expect(entry.recipient).toBe('late@remote.example');
    expect(JSON.stringify(entry)).toContain('Come back later');
    const list = await restante.command('queue', 'list');
    expect(list.stdout).toContain('late@remote.example');
    await restante.command('queue', 'schedule', String(entry.id), '--now');
    await eventually('the second attempt is made', async () => (await queue()).find(({ attempts }) => attempts === 2));
    await postfix.answer({});
    expect((await restante.command('queue', 'schedule', String(entry.id), '--now')).stdout).toBe('1 scheduled\n');
    await atPostfix('late', subject);
    await expectEmptyQueue();
  });
});

describe('Postfix sends to Restante', () => {
  it('over TLS, unaltered, and Restante sends the success DSN that was asked for', async () => {
    const { subject, bytes } = makeMail({
      from: 'you@remote.example',
      to: 'me@example.org',
      eightBit: true,
      bodyBytes: 2_000_000,
    });
    await submitToPostfix(bytes, ['me@example.org'], ...dsnOptions);
    const prefix = expectUnaltered(await awaitMail(me, subject), bytes);
    expect(prefix).toMatch(
      /^Received: from mx\.remote\.example \(.*\[127\.\d+\.\d+\.\d+\]\)\r\n(?:\t.*\r\n)*?.*with ESMTPS\b/m,
    );
    const dsn = await atPostfix('you', 'Action: delivered');
    expect(dsn).toContain(subject);
    expect(dsn).toMatch(/^Reporting-MTA: dns; ?mail\.example\.org$/m);
    expect(dsn).toMatch(/^Final-Recipient: rfc822; ?me@example\.org$/m);
    expect(dsn).toMatch(/^Status: 2\.\d+\.\d+$/m);
  });

  it('and Postfix tells the sender of a user who is unknown here', async () => {
    const { subject, bytes } = makeMail({ from: 'you@remote.example', to: 'nobody@example.org' });
    await submitToPostfix(bytes, ['nobody@example.org', 'me@example.org']);
    await awaitMail(me, subject);
    const dsn = await atPostfix('you', 'Action: failed');
    expect(dsn).toContain(subject);
    expect(dsn).toMatch(/^Final-Recipient: rfc822; nobody@example\.org$/m);
    expect(dsn).toMatch(/^Status: 5\.1\.1$/m);
    expect(dsn).toMatch(/^Remote-MTA: dns; \[?127\.0\.0\.1\]?$/m);
    expect(dsn).toMatch(/^Diagnostic-Code: smtp; 550 5\.1\.1 /m);
  });

  it('and what Restante bounces to Postfix of its own user does not loop', async () => {
    const { subject, bytes } = makeMail({ from: 'me@example.org', to: 'nowhere@unknown.example' });
    await submit(bytes, ['nowhere@unknown.example']);
    const dsn = await dsnFor(subject, 'failed');
    expect(dsn).toMatch(/^Status: 5\.1\.2\r$/m);
    expect(dsn).toMatch(/unknown\.example does not exist/);
  });
});
