import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMail } from './make-mail.ts';
import { awaitMail, expectUnaltered, type Reader } from './read-mail.ts';
import { runPeer, runPeerOk } from './run-peer.ts';
import { type Localserve, me, ports, startLocalserve } from './start-localserve.ts';

let server: Localserve;
let reader: Reader;
let directory: string;

beforeAll(async () => {
  server = await startLocalserve();
  directory = await mkdtemp(join(tmpdir(), 'restante-peers-'));
  reader = { host: server.address, port: ports.imap, user: me.address, password: me.password };
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** Waits for the message, and expects it to be what was sent. @returns what the server put before it */
async function arrived(subject: string, bytes: Buffer): Promise<string> {
  return expectUnaltered(await awaitMail(reader, subject), bytes);
}

/** Mechanisms that are offered only under TLS are also taken without it here, since localserve allows passwords in plain text. */
const ways = [
  { way: 'plain SMTP', port: ports.smtp, tls: 'none', login: false, protocol: /with ESMTP\r\n/ },
  { way: 'SMTP with STARTTLS', port: ports.smtp, tls: 'starttls', login: false, protocol: /with ESMTPS\r\n/ },
  { way: 'submission without TLS', port: ports.submission, tls: 'none', login: true, protocol: /with ESMTPA\r\n/ },
  {
    way: 'submission with STARTTLS',
    port: ports.submission,
    tls: 'starttls',
    login: true,
    protocol: /with ESMTPSA\r\n/,
  },
  { way: 'submissions', port: ports.submissions, tls: 'implicit', login: true, protocol: /with ESMTPSA\r\n/ },
] as const;

const submissionWays = ways.filter(({ login }) => login);

describe('swaks', () => {
  const tlsOptions = { none: [], starttls: ['--tls'], implicit: ['--tls-on-connect'] };
  const swaks = (port: number, subject: string, bytes: Buffer, ...more: string[]) =>
    runPeerOk(
      'swaks',
      ['--server', server.address, '--port', String(port), '--from', me.address, '--to', me.address].concat(
        '--data',
        '-',
        '--no-data-fixup',
        ...more,
      ),
      // Without fixing up, swaks sends its input as it is.
      { input: Buffer.from(`${bytes.toString('latin1').replaceAll(/^\./gm, '..')}.\r\n`, 'latin1') },
    ).then((output) => ({ output, subject }));
  const credentials = ['--auth-user', me.address, '--auth-password', me.password];

  it.each(ways)('sends over $way', async ({ port, tls, login, protocol }) => {
    const { subject, bytes } = makeMail();
    await swaks(port, subject, bytes, ...tlsOptions[tls], ...(login ? ['--auth', 'PLAIN', ...credentials] : []));
    expect(await arrived(subject, bytes)).toMatch(protocol);
  });

  it.each(submissionWays)('logs in with LOGIN over $way', async ({ port, tls }) => {
    const { subject, bytes } = makeMail();
    await swaks(port, subject, bytes, ...tlsOptions[tls], '--auth', 'LOGIN', ...credentials);
    await arrived(subject, bytes);
  });

  it('is not offered CRAM-MD5 or DIGEST-MD5', async () => {
    for (const mechanism of ['CRAM-MD5', 'DIGEST-MD5']) {
      const { subject, bytes } = makeMail();
      await expect(
        swaks(ports.submissions, subject, bytes, '--tls-on-connect', '--auth', mechanism, ...credentials),
      ).rejects.toThrow(/Auth not attempted, requested type not available/);
    }
  });

  it('is refused with a wrong password, and without any on submission', async () => {
    const { subject, bytes } = makeMail();
    const wrong = ['--auth', 'PLAIN', '--auth-user', me.address, '--auth-password', 'wrong'];
    await expect(swaks(ports.submission, subject, bytes, '--tls', ...wrong)).rejects.toThrow(/535 5\.7\.8/);
    await expect(swaks(ports.submission, subject, bytes, '--tls')).rejects.toThrow(/530 5\.7\.0/);
  });

  it('sends with pipelined commands', async () => {
    const { subject, bytes } = makeMail();
    const { output } = await swaks(ports.smtp, subject, bytes, '--pipeline');
    expect(output).toMatch(/MAIL FROM.*\n.*RCPT TO.*\n.*DATA/);
    await arrived(subject, bytes);
  });

  it('gets the reply that an address asks for', async () => {
    const code = (localpart: string) =>
      runPeer('swaks', ['--server', server.address, '--port', '1025', '--to', `${localpart}@localhost`]);
    expect((await code('error550')).stdout).toMatch(/^<\*\* 550 /m);
    expect((await code('temp451')).stdout).toMatch(/^<\*\* 451 /m);
  });
});

describe('msmtp', () => {
  const msmtp = async (
    port: number,
    tls: 'none' | 'starttls' | 'implicit',
    auth: string,
    bytes: Buffer,
    to = me.address,
  ) => {
    const config = join(directory, `msmtp-${port}-${auth}`);
    const secure = [
      'tls on',
      `tls_starttls ${tls === 'implicit' ? 'off' : 'on'}`,
      `tls_trust_file ${server.certificateFile}`,
      'tls_host_override localhost',
    ];
    const lines = ['account default', `host ${server.address}`, `port ${port}`, `from ${me.address}`]
      .concat(`auth ${auth}`, `user ${me.address}`, `password ${me.password}`)
      .concat(tls === 'none' ? ['tls off'] : secure);
    await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 });
    // It takes lines as on Unix.
    return await runPeerOk('msmtp', ['-C', config, '--debug', to], {
      input: Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
    });
  };

  it.each(ways)('sends over $way', async ({ port, tls, login, protocol }) => {
    const { subject, bytes } = makeMail();
    await msmtp(port, tls, login ? 'plain' : 'off', bytes);
    expect(await arrived(subject, bytes)).toMatch(protocol);
  });

  for (const mechanism of ['login', 'scram-sha-1', 'scram-sha-256']) {
    it.each(submissionWays)(`logs in with ${mechanism} over $way`, async ({ port, tls }) => {
      const { subject, bytes } = makeMail();
      await msmtp(port, tls, mechanism, bytes);
      await arrived(subject, bytes);
    });
  }

  it('chooses a mechanism by itself', async () => {
    const { subject, bytes } = makeMail();
    expect(await msmtp(ports.submission, 'starttls', 'on', bytes)).toMatch(/^--> AUTH /m);
    await arrived(subject, bytes);
  });

  it('sends 20 MB with 8-bit text', async () => {
    const { subject, bytes } = makeMail({ bodyBytes: 20_000_000, eightBit: true });
    await msmtp(ports.submissions, 'implicit', 'plain', bytes);
    await arrived(subject, bytes);
  });
});

describe('curl', () => {
  const curl = async (port: number, tls: 'none' | 'starttls' | 'implicit', bytes: Buffer, ...more: string[]) => {
    const file = join(directory, 'curl.eml');
    await writeFile(file, bytes);
    const url = `${tls === 'implicit' ? 'smtps' : 'smtp'}://localhost:${port}/peer.example`;
    return await runPeerOk(
      'curl',
      ['--silent', '--show-error', '--verbose', '--url', url, '--upload-file', file].concat(
        ['--connect-to', `localhost:${port}:${server.address}:${port}`],
        tls === 'none' ? [] : ['--ssl-reqd', '--cacert', server.certificateFile],
        more.includes('--mail-from') ? [] : ['--mail-from', me.address, '--mail-rcpt', me.address],
        more,
      ),
    );
  };
  const user = ['--user', `${me.address}:${me.password}`];

  it.each(ways)('sends over $way', async ({ port, tls, login, protocol }) => {
    const { subject, bytes } = makeMail();
    await curl(port, tls, bytes, ...(login ? user : []));
    expect(await arrived(subject, bytes)).toMatch(protocol);
  });

  for (const mechanism of ['PLAIN', 'LOGIN']) {
    it.each(submissionWays)(`logs in with ${mechanism} over $way`, async ({ port, tls }) => {
      const { subject, bytes } = makeMail();
      await curl(port, tls, bytes, ...user, '--login-options', `AUTH=${mechanism}`);
      await arrived(subject, bytes);
    });
  }

  it('sends to addresses with UTF-8', async () => {
    const { subject, bytes } = makeMail({ eightBit: true, from: 'jürgen@localhost', to: 'ぽすと@localhost' });
    await curl(ports.smtp, 'starttls', bytes, '--mail-from', 'jürgen@localhost', '--mail-rcpt', 'ぽすと@localhost');
    const prefix = await arrived(subject, bytes);
    expect(prefix).toContain('Return-Path: <jürgen@localhost>');
    expect(prefix).toContain('Delivered-To: ぽすと@localhost');
    expect(prefix).toMatch(/with UTF8SMTPS\r\n/);
  });

  it.each(ways)('sends 20 MB over $way', async ({ port, tls, login }) => {
    const { subject, bytes } = makeMail({ bodyBytes: 20_000_000 });
    await curl(port, tls, bytes, ...(login ? user : []));
    await arrived(subject, bytes);
  });

  it('is told of recipients that are refused, and sends to the others', async () => {
    const { subject, bytes } = makeMail();
    const recipients = ['--mail-from', me.address, '--mail-rcpt', 'error550@localhost', '--mail-rcpt', me.address];
    await curl(ports.smtp, 'none', bytes, ...recipients, '--mail-rcpt-allowfails');
    await arrived(subject, bytes);
  });
});

describe('smtplib of Python', () => {
  const script = `
import smtplib, ssl, sys
host, port, way, sender, recipient, options = sys.argv[1:7]
context = ssl.create_default_context(cafile=sys.argv[7])
# The certificate is for localhost, which is not where this server is.
context.check_hostname = False
client = smtplib.SMTP_SSL(host, port, context=context) if way == 'implicit' else smtplib.SMTP(host, port)
if way == 'starttls':
    client.starttls(context=context)
if sys.argv[8:]:
    client.login(sys.argv[8], sys.argv[9])
refused = client.sendmail(sender, [recipient], sys.stdin.buffer.read(), options.split())
client.quit()
sys.exit(1 if refused else 0)
`;
  const smtplib = (
    way: string,
    port: number,
    addresses: [string, string],
    options: string,
    bytes: Buffer,
    login = true,
  ) =>
    runPeerOk(
      'python3',
      ['-c', script, server.address, String(port), way, ...addresses, options, server.certificateFile].concat(
        login ? [me.address, me.password] : [],
      ),
      { input: bytes },
    );

  it.each(ways)('sends 8-bit text as such over $way', async ({ port, tls, login, protocol }) => {
    const { subject, bytes } = makeMail({ eightBit: true });
    await smtplib(tls, port, [me.address, me.address], 'BODY=8BITMIME', bytes, login);
    expect(await arrived(subject, bytes)).toMatch(protocol);
  });

  it('sends from and to addresses with UTF-8, having logged in', async () => {
    const { subject, bytes } = makeMail({ eightBit: true, to: 'ぽすと@localhost' });
    await smtplib('implicit', ports.submissions, [me.address, 'ぽすと@localhost'], 'SMTPUTF8 BODY=8BITMIME', bytes);
    expect(await arrived(subject, bytes)).toMatch(/with UTF8SMTPSA\r\n/);
  });
});
