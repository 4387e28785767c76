import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';

let server: TestSmtpServer;
beforeAll(async () => {
  server = await startTestServer([{ tls: 'starttls' }, { tls: 'implicit' }], {
    limits: { smtpHandshakeTimeoutMs: 300 },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('STARTTLS', () => {
  it('forgets the greeting and offers REQUIRETLS under TLS', async () => {
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    expect(await client.ask('EHLO c.example')).toMatch(/STARTTLS/);
    await client.startTls();
    expect(await client.ask('MAIL FROM:<a@b.example>')).toMatch(/^503 5\.5\.1 EHLO/);
    const extensions = await client.ask('EHLO c.example');
    expect(extensions).toMatch(/REQUIRETLS/);
    expect(extensions).not.toMatch(/STARTTLS/);
    await client.play(`
      C: STARTTLS
      S: 503 5.5.1 *
      C: MAIL FROM:<a@b.example> REQUIRETLS
      S: 250 2.1.0 *
      C: RCPT TO:<me@restante.example>
      S: 250 2.1.5 *
      C: DATA
      S: 354 *
      C: Subject: secret
      C: .
      S: 250 2.0.0 *
    `);
    const [message] = await server.messages('me');
    expect(message).toMatch(/with ESMTPS\r\n\tid [0-9a-f]{32}\r\n\tfor <me@restante\.example>\r\n\ttls TLS_AES_\w+;/);
  });

  it.each(['EHLO injected.example\r\n', 'X', '\r\n'])('closes when %j comes before its reply', async (injected) => {
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    await client.ask('EHLO c.example');
    client.send(`STARTTLS\r\n${injected}`);
    expect(await client.closed()).toMatch(/^554 5\.5\.0 [^\n]*\n$/);
  });

  it('takes no argument', async () => {
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    expect(await client.ask('STARTTLS x')).toMatch(/^501 5\.5\.4 /);
  });

  it('closes when the handshake fails or does not come', async () => {
    for (const bytes of ['GET / HTTP/1.0\r\n\r\n', '']) {
      using client = await SmtpTestClient.connect(server.port(0));
      await client.reply();
      expect(await client.ask('STARTTLS')).toMatch(/^220 /);
      client.send(bytes);
      await client.closed();
    }
    using implicit = await SmtpTestClient.connect(server.port(1));
    implicit.send('EHLO c.example\r\n');
    await implicit.closed();
  });
});

describe('TLS from the start', () => {
  it('greets under TLS and offers no STARTTLS', async () => {
    using client = await SmtpTestClient.connect(server.port(1), true);
    expect(await client.reply()).toBe('220 mx.restante.example ESMTP Restante');
    expect(await client.ask('EHLO c.example')).not.toMatch(/STARTTLS/);
    expect(await client.ask('STARTTLS')).toMatch(/^503 /);
  });
});
