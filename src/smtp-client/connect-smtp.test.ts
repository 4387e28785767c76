import { afterEach, describe, expect, it } from 'vitest';
import { ScriptedPeer } from '../../tests/harness/scripted-peer.ts';
import { silentLog } from '../runtime/log.ts';
import { connectSmtp, type SmtpTarget } from './connect-smtp.ts';
import type { SmtpSession } from './smtp-session.ts';
import type { SmtpTimeouts } from './timeouts.ts';

// Made by openssl: CN and SAN mx.test, ECDSA P-256, valid for a hundred years.
const tls = {
  certificate: `-----BEGIN CERTIFICATE-----
MIIBjzCCATWgAwIBAgIUVkSiWHAM1feWTKsQmJS/K9/dgjUwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHbXgudGVzdDAgFw0yNjExMjMyMjAwNThaGA8yMTI2MTAzMDIy
MDA1OFowEjEQMA4GA1UEAwwHbXgudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABGnSZMXSk0KGNbYM188YeEs7h1KN/epIf6VkFS63wJ3ErKecWXWVOfwxpDhg
3rJ/TX2/2/0RnHfeqjljfm88QJCjZzBlMB0GA1UdDgQWBBRygX4wE8j5GuMTPZqC
Cj2B3WaXXzAfBgNVHSMEGDAWgBRygX4wE8j5GuMTPZqCCj2B3WaXXzAPBgNVHRMB
Af8EBTADAQH/MBIGA1UdEQQLMAmCB214LnRlc3QwCgYIKoZIzj0EAwIDSAAwRQIh
ALzgmCEp4b4akmTEIYLsVn4e0xs4eU1lA9uU7MczDPc6AiBZFHxoFC75tDbSLP+d
Bm0BUMe+rNtr6McKIJWJgR0QCQ==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjsdbA5JB/Ue0mw4D
NlVNtXCNYL4y2EeuaiRDrgEhHNWhRANCAARp0mTF0pNChjW2DNfPGHhLO4dSjf3q
SH+lZBUut8CdxKynnFl1lTn8MaQ4YN6yf019v9v9EZx33qo5Y35vPECQ
-----END PRIVATE KEY-----
`,
};

const greeting = 'S: 220 mx.test\nC: EHLO me.test\n';
let sessions: SmtpSession[] = [];

async function connect(
  transcript: string,
  target: Partial<SmtpTarget> = {},
  timeouts: Partial<SmtpTimeouts> = {},
  signal?: AbortSignal,
): Promise<SmtpSession> {
  await using peer = await ScriptedPeer.start(transcript, tls);
  const session = await connectSmtp(
    { host: 'mx.test', address: '127.0.0.1', port: peer.port, tls: 'opportunistic', ...target },
    { helloName: 'me.test', log: silentLog, timeouts },
    signal,
  );
  sessions.push(session);
  await peer.done;
  return session;
}

afterEach(async () => {
  for (const session of sessions) await session.close();
  sessions = [];
});

describe('connectSmtp', () => {
  const withStartTls = `${greeting}S: 250-mx.test\nS: 250-STARTTLS\nS: 250 XBEFORE\nC: STARTTLS\nS: 220 go\nTLS\nC: EHLO me.test\nS: 250-mx.test\nS: 250 DSN`;

  it('starts TLS where it is offered, with any certificate, and forgets what was offered before', async () => {
    const session = await connect(withStartTls);
    expect(session.offers).toMatchObject({ dsn: true, startTls: false });
    expect(session.verifiedTls).toBe(false);
  });

  it('goes on in the clear where TLS is not offered or refused, unless it is required', async () => {
    expect((await connect(`${greeting}S: 250 mx.test`)).offers.startTls).toBe(false);
    const refused = `${greeting}S: 250-mx.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 454 not now`;
    expect((await connect(refused)).verifiedTls).toBe(false);
    for (const transcript of [refused, `${greeting}S: 250 mx.test`])
      await expect(connect(transcript, { tls: 'required' })).rejects.toMatchObject({
        tlsFault: expect.anything(),
        reply: { code: 454, enhanced: '4.7.10' },
      });
  });

  it('requires the certificate of the host where that is asked', async () => {
    const trusted = { tls: 'required', authorities: [tls.certificate] } as const;
    expect((await connect(withStartTls, trusted)).verifiedTls).toBe(true);
    const failure = { tlsFault: expect.anything(), reply: { code: 454, enhanced: '4.7.5' } };
    await expect(connect(withStartTls, { tls: 'required' })).rejects.toMatchObject(failure);
    await expect(connect(withStartTls, { ...trusted, host: 'other.test' })).rejects.toMatchObject(failure);
  });

  it('lets the caller decide on the certificate, as DANE does', async () => {
    const fingerprints: string[] = [];
    const verify =
      (accept: boolean): SmtpTarget['verify'] =>
      (socket) => {
        fingerprints.push(socket.getPeerCertificate().fingerprint256);
        return accept ? undefined : { type: 'certificate-not-trusted', detail: 'no TLSA record matches' };
      };
    expect((await connect(withStartTls, { tls: 'required', verify: verify(true) })).verifiedTls).toBe(true);
    await expect(connect(withStartTls, { tls: 'required', verify: verify(false) })).rejects.toMatchObject({
      reply: { text: expect.stringContaining('no TLSA record matches') },
    });
    expect(fingerprints[0]).toBe(fingerprints[1]);
  });

  it('speaks TLS from the start on request', async () => {
    const session = await connect(`TLS\n${greeting}S: 250 mx.test`, {
      tls: 'implicit',
      authorities: [tls.certificate],
    });
    expect(session.verifiedTls).toBe(true);
  });

  it('takes nothing that came before TLS for something that came under it', async () => {
    const transcript = `${greeting}S: 250-mx.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\r\n250 injected\nTLS\nSILENCE`;
    await expect(connect(transcript)).rejects.toMatchObject({ tlsFault: expect.anything(), reply: { code: 454 } });
  });

  it('tells a failed handshake, so that the caller may try without TLS', async () => {
    const transcript = `${greeting}S: 250-mx.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nS: this is no TLS\nSILENCE`;
    await expect(connect(transcript)).rejects.toMatchObject({ tlsFault: expect.anything() });
    const closing = `${greeting}S: 250-mx.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nCLOSE`;
    await expect(connect(closing)).rejects.toMatchObject({ tlsFault: expect.anything() });
    const silent = `${greeting}S: 250-mx.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nSILENCE`;
    await expect(connect(silent, {}, { handshake: 50 })).rejects.toMatchObject({ tlsFault: expect.anything() });
  });

  it('hands on the reply of a peer that refuses', async () => {
    await expect(connect('S: 554 5.7.1 go away')).rejects.toMatchObject({ reply: { code: 554, enhanced: '5.7.1' } });
    await expect(connect(`${greeting}S: 450 later`)).rejects.toMatchObject({ reply: { code: 450 } });
    await expect(connect(`${greeting}S: 550 no\nC: HELO me.test\nS: 550 no`)).rejects.toMatchObject({
      reply: { code: 550 },
      tlsFault: undefined,
    });
  });

  it('calls it temporary when nobody is there, nothing comes, or no SMTP', async () => {
    await expect(connect('CLOSE')).rejects.toMatchObject({ reply: { code: 451, enhanced: '4.4.2' } });
    await expect(connect('SILENCE', {}, { greeting: 50 })).rejects.toMatchObject({ reply: { code: 451 } });
    await expect(connect('S: SSH-2.0-OpenSSH')).rejects.toMatchObject({ reply: { code: 451, enhanced: '4.5.0' } });
    await expect(connect('CLOSE', { port: 1 })).rejects.toMatchObject({ reply: { code: 451, enhanced: '4.4.1' } });
  });

  it('ends at once when the caller gives up', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('stopping')), 30);
    await expect(connect('SILENCE', {}, {}, controller.signal)).rejects.toThrow('stopping');
    await expect(connect('SILENCE', {}, {}, controller.signal)).rejects.toThrow('stopping');
  });

  it('logs in at smarthosts, by PLAIN only under TLS', async () => {
    const target: Partial<SmtpTarget> = {
      tls: 'implicit',
      authorities: [tls.certificate],
      credentials: { login: 'me', password: 'secret' },
    };
    const offer = `TLS\n${greeting}S: 250-mx.test\nS: 250 AUTH PLAIN LOGIN\nC: AUTH PLAIN AG1lAHNlY3JldA==\n`;
    await connect(`${offer}S: 235 2.7.0 welcome`, target);
    await expect(connect(`${offer}S: 535 5.7.8 wrong`, target)).rejects.toMatchObject({
      reply: { code: 454, enhanced: '4.7.8' },
    });
    await connect(
      `TLS\n${greeting}S: 250-mx.test\nS: 250 AUTH=LOGIN\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: bWU=\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 ok`,
      target,
    );
    await expect(
      connect(`${greeting}S: 250-mx.test\nS: 250 AUTH PLAIN LOGIN`, { ...target, tls: 'none' }),
    ).rejects.toMatchObject({ reply: { code: 454 } });
  });
});
