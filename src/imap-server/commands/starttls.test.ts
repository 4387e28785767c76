import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLog } from '../../runtime/log.ts';
import { CertificateStore } from '../../tls/certificate-store.ts';
import { ensureSelfSignedCertificate } from '../../tls/ensure-self-signed-certificate.ts';

let server: ImapFixture;
let directory: string;
let certificates: CertificateStore;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-imap-tls-'));
  const files = { certificateFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
  await ensureSelfSignedCertificate({ ...files, names: ['localhost'], clock: systemClock });
  certificates = await CertificateStore.open([files], silentLog);
  server = await startImapFixture({
    listeners: [
      { address: '127.0.0.1', port: 0, tls: 'starttls', acceptor: certificates, allowPlaintextAuth: false },
      { address: '127.0.0.1', port: 0, tls: 'implicit', acceptor: certificates, allowPlaintextAuth: false },
      { address: '127.0.0.1', port: 0, tls: 'none', proxyFrom: ['127.0.0.0/8'], allowPlaintextAuth: false },
    ],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

describe('STARTTLS', () => {
  it('goes over to TLS, where logins are possible', async () => {
    using client = await ImapTestClient.connect(server.ports[0]);
    await client.play(`
      C: a CAPABILITY
      S: * CAPABILITY … STARTTLS LOGINDISABLED
      S: a OK Done
      C: b STARTTLS
      S: b OK Begin TLS now
    `);
    await client.startTls();
    await client.play(`
      C: a CAPABILITY
      S: * CAPABILITY IMAP4rev2 IMAP4rev1 LITERAL+ SASL-IR ENABLE ID AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 …
      S: a OK Done
      C: b STARTTLS
      S: b BAD TLS is in use already
      C: c LOGIN me secret
      S: c OK …
      C: d STARTTLS
      S: d BAD …
      C: e LOGOUT
      S: * BYE …
      S: e OK …
      S: <closed>
    `);
  });

  it('carries nothing over that came with it', async () => {
    using client = await ImapTestClient.connect(server.ports[0]);
    client.send('a STARTTLS\r\nb CAPABILITY\r\n');
    await client.play('S: a BAD Nothing may follow STARTTLS\nS: <closed>');
  });

  it('ends the connection when the handshake fails', async () => {
    using client = await ImapTestClient.connect(server.ports[0]);
    await client.play('C: a STARTTLS\nS: a OK …\nC: this is no handshake');
    await once(client.socket, 'close');
  });
});

describe('a TLS listener', () => {
  it('speaks TLS from the start', async () => {
    using client = await ImapTestClient.connect(server.ports[1], true);
    expect(await client.ok('LOGIN me secret')).toEqual([]);
    await client.ok('SELECT INBOX');
  });
});

describe('a listener behind a proxy', () => {
  it('takes the PROXY header before it greets', async () => {
    const { connect } = await import('node:net');
    const socket = connect(server.ports[2], '127.0.0.1');
    socket.write('PROXY TCP4 192.0.2.7 192.0.2.1 4711 143\r\na CAPABILITY\r\n');
    let received = '';
    for await (const chunk of socket) {
      received += chunk;
      if (received.includes('a OK')) break;
    }
    expect(received).toMatch(/^\* OK \[CAPABILITY .*\r\n\* CAPABILITY .*LOGINDISABLED\r\na OK Done\r\n$/);
    socket.destroy();
  });
});
