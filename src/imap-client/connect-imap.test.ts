import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ScriptedPeer } from '../../tests/harness/scripted-peer.ts';
import { testCertificate } from '../../tests/harness/test-certificates.ts';
import type { Log } from '../runtime/log.ts';
import { connectImap, type ImapTarget } from './connect-imap.ts';
import type { ImapSession } from './imap-session.ts';
import type { ImapCredentials } from './log-in.ts';

const authority = testCertificate({ name: 'authority', isAuthority: true });
const localhost = testCertificate({ name: 'localhost', hosts: ['localhost'], issuer: authority });
const other = testCertificate({ name: 'other', hosts: ['mail.example.org'], issuer: authority });

const logged: string[] = [];
const at = (fields: object, message: string): void => void logged.push(`${message} ${JSON.stringify(fields)}`);
const log: Log = { debug: at, info: at, warn: at, error: at, child: () => log };

async function connectTo(
  transcript: string,
  target: Partial<ImapTarget> = {},
  credentials: Partial<ImapCredentials> = {},
  certificate = localhost,
): Promise<{ session: ImapSession; done: Promise<void> }> {
  await using peer = await ScriptedPeer.start(transcript, certificate);
  const session = await connectImap(
    { host: 'localhost', port: peer.port, tls: 'none', ...target },
    { login: 'you', secret: 'secret "x"', mechanism: 'auto', ...credentials },
    { log, signal: new AbortController().signal, readTimeoutMs: 10_000 },
  );
  return { session, done: peer.done };
}

const withTls = { authorities: authority.certificate } as const;

describe('connecting to an IMAP server', () => {
  it('logs in with LOGIN, and asks what is offered then', async () => {
    const { session, done } = await connectTo(String.raw`
      S: * OK [CAPABILITY IMAP4rev1] ready
      C: r1 LOGIN "you" "secret \"x\""
      S: r1 OK in
      C: r2 CAPABILITY
      S: * CAPABILITY IMAP4rev1 NAMESPACE
      S: r2 OK
    `);
    await done;
    expect([...session.capabilities]).toEqual(['IMAP4REV1', 'NAMESPACE']);
    session.destroy();
    expect(logged.join('\n')).not.toContain('secret');
  });

  it('takes STARTTLS before anything else, and forgets what was said before', async () => {
    const { session, done } = await connectTo(
      `
      S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED AUTH=SCRAM-SHA-256] ready
      C: r1 STARTTLS
      S: r1 OK go on
      TLS
      C: r2 CAPABILITY
      S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR
      S: r2 OK
      C: r3 AUTHENTICATE PLAIN ${Buffer.from('\0you\0secret "x"').toString('base64')}
      S: r3 OK [CAPABILITY IMAP4rev1] in
      `,
      { tls: 'starttls', ...withTls },
    );
    await done;
    expect([...session.capabilities]).toEqual(['IMAP4REV1']);
    session.destroy();
  });

  it.each([
    ['STARTTLS is refused', 'S: * OK ready\nC: r1 STARTTLS\nS: r1 BAD unknown\nSILENCE', /does not offer STARTTLS/],
    ['we are said to be logged in before TLS', 'S: * PREAUTH welcome\nSILENCE', /logged in, before TLS/],
  ])('sends no password when %s', async (_, transcript, message) => {
    await expect(connectTo(transcript, { tls: 'starttls', ...withTls })).rejects.toMatchObject({
      code: 'imap-tls',
      message: expect.stringMatching(message),
    });
  });

  it('sends no password when more comes than the answer to STARTTLS', async () => {
    const received: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('* OK ready\r\n');
      socket.on('data', (bytes) => {
        received.push(bytes.toString('latin1'));
        // In one piece: before TLS, to be taken for what came after it.
        if (received.length === 1) socket.write('r1 OK go on\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n');
      });
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const target = { host: 'localhost', port, tls: 'starttls', ...withTls } as const;
    const credentials = { login: 'you', secret: 'secret', mechanism: 'auto' } as const;
    await expect(connectImap(target, credentials, { log, signal: new AbortController().signal })).rejects.toMatchObject(
      { code: 'imap-tls', message: expect.stringMatching(/more than its answer before TLS/) },
    );
    expect(received).toEqual(['r1 STARTTLS\r\n']);
  });

  it('believes no certificate of another authority, of another name, or with another fingerprint', async () => {
    const implicit = { tls: 'implicit', ...withTls } as const;
    await expect(connectTo('TLS\nSILENCE', { tls: 'implicit' })).rejects.toMatchObject({
      code: 'imap-tls',
      hint: expect.stringMatching(/--fingerprint [0-9A-F:]{95}$/),
    });
    await expect(connectTo('TLS\nSILENCE', implicit, {}, other)).rejects.toMatchObject({
      message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
    });
    await expect(connectTo('TLS\nSILENCE', { ...implicit, fingerprint: 'ab'.repeat(32) })).rejects.toMatchObject({
      message: expect.stringContaining('its certificate is another one'),
    });
  });

  it('sends no password in the clear where the server says not to', async () => {
    const transcript = 'S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS AUTH=PLAIN] ready\nSILENCE';
    await expect(connectTo(transcript)).rejects.toMatchObject({
      code: 'imap-login',
      hint: expect.stringContaining('--tls starttls'),
    });
  });

  it('sends tokens, and the answer to why they are refused', async () => {
    const token = Buffer.from('user=you\x01auth=Bearer abc\x01\x01').toString('base64');
    const connecting = connectTo(
      `
      TLS
      S: * OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready
      C: r1 AUTHENTICATE XOAUTH2
      S: + 
      C: ${token}
      S: + eyJzdGF0dXMiOiI0MDAifQ==
      C:
      S: r1 NO [AUTHENTICATIONFAILED] token is over
      SILENCE
      `,
      { tls: 'implicit', ...withTls },
      { mechanism: 'xoauth2', secret: 'abc' },
    );
    await expect(connecting).rejects.toMatchObject({
      code: 'imap-login',
      message: expect.stringContaining('token is over'),
    });
    await expect(
      connectTo('S: * OK [CAPABILITY IMAP4rev1] ready\nSILENCE', {}, { mechanism: 'oauthbearer' }),
    ).rejects.toMatchObject({ message: expect.stringContaining('over TLS only') });
  });

  it('tells why the server does not want us', async () => {
    await expect(connectTo('S: * BYE too busy\nCLOSE')).rejects.toMatchObject({
      code: 'imap-connection',
      message: 'Cannot go on with the IMAP server "localhost": it refused the connection: too busy',
    });
    await expect(connectTo('S: 220 mail ESMTP\nSILENCE')).rejects.toMatchObject({ code: 'imap-connection' });
    await expect(
      connectTo(
        'S: * OK [CAPABILITY IMAP4rev1] x\nC: r1 LOGIN "you" "secret \\"x\\""\nS: r1 NO [AUTHENTICATIONFAILED] no\nSILENCE',
      ),
    ).rejects.toMatchObject({
      code: 'imap-login',
    });
  });
});
