import { describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer } from '../../tests/harness/smtp-test-server.ts';

describe('stopping the server', () => {
  it('tells idle clients at once, and others after their message', async () => {
    await using server = await startTestServer([{}]);
    using idle = await SmtpTestClient.connect(server.port(0));
    using busy = await SmtpTestClient.connect(server.port(0));
    await idle.reply();
    await busy.play(`
      S: 220 *
      C: HELO c.example
      S: 250 *
      C: MAIL FROM:<a@b.example>
      S: 250 *
    `);
    const stopped = server.stop(5000);
    expect(await idle.reply()).toBe('421 4.3.2 mx.restante.example is shutting down');
    await idle.closed();
    await expect(SmtpTestClient.connect(server.port(0))).rejects.toThrow('ECONNREFUSED');
    await busy.play(`
      C: RCPT TO:<me@restante.example>
      S: 250 *
      C: DATA
      S: 354 *
      C: Subject: last
      C: .
      S: 250 *
      S: 421 4.3.2 *
      S: <closed>
    `);
    await stopped;
    expect(await server.messages('me')).toHaveLength(1);
  });

  it('does not wait for a PROXY header or handshake that never comes', async () => {
    await using server = await startTestServer([{ proxyFrom: ['127.0.0.1'] }, { tls: 'implicit' }]);
    using proxy = await SmtpTestClient.connect(server.port(0));
    using client = await SmtpTestClient.connect(server.port(1));
    const start = performance.now();
    await server.stop(50);
    expect(performance.now() - start).toBeLessThan(2000);
    await proxy.closed();
    await client.closed();
  });

  it('cuts connections when the time is over', async () => {
    await using server = await startTestServer([{}]);
    using client = await SmtpTestClient.connect(server.port(0));
    await client.play(`
      S: 220 *
      C: HELO c.example
      S: 250 *
      C: MAIL FROM:<a@b.example>
      S: 250 *
      C: RCPT TO:<me@restante.example>
      S: 250 *
      C: DATA
      S: 354 *
      C: half a message
    `);
    const start = performance.now();
    await server.stop(50);
    expect(performance.now() - start).toBeLessThan(2000);
    await client.closed();
    expect(await server.messages('me')).toEqual([]);
  });

  it('says which port is taken', async () => {
    await using server = await startTestServer([{}]);
    await expect(startTestServer([{}, { port: server.port(0) }])).rejects.toThrow(
      `Cannot listen for SMTP at "127.0.0.1" port ${server.port(0)}: EADDRINUSE`,
    );
  });
});
