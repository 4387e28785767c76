import { describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer } from '../../tests/harness/smtp-test-server.ts';

describe('errors', () => {
  it('are answered late after some, and end the connection after more', async () => {
    await using server = await startTestServer([{}], {
      limits: { smtpErrors: 4, smtpErrorsUntilTarpit: 2, smtpTarpitMs: 400 },
    });
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    const times: number[] = [];
    for (let error = 0; error < 4; error++) {
      const start = performance.now();
      expect(await client.ask('BAD')).toMatch(/^500 /);
      times.push(performance.now() - start);
    }
    expect(Math.min(times[0], times[1])).toBeLessThan(395);
    expect(Math.min(times[2], times[3])).toBeGreaterThan(395);
    expect(await client.ask('BAD')).toMatch(/^500 /);
    expect(await client.reply()).toBe('421 4.7.0 Too many errors');
    await client.closed();
  });

  it('are counted for too many commands that get nothing done, and not for those between messages', async () => {
    await using server = await startTestServer([{}], { limits: { smtpErrors: 3, smtpJunkCommands: 5 } });
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    await client.ask('HELO c.example');
    for (let round = 0; round < 10; round++) {
      await client.ask('RSET');
      await client.ask('MAIL FROM:<a@b.example>');
      await client.ask('RCPT TO:<me@restante.example>');
      await client.ask('DATA');
      expect(await client.ask('Subject: x\r\n.')).toMatch(/^250 /);
    }
    let count = 0;
    for (; (await client.ask('NOOP')).startsWith('250 '); count++) expect(count).toBeLessThan(20);
    expect(count).toBe(9);
  });
});

describe('timeouts', () => {
  it('end connections that wait for a command or within a message', async () => {
    await using server = await startTestServer([{}], {
      limits: { smtpCommandTimeoutMs: 60, smtpDataChunkTimeoutMs: 60, smtpDataTimeoutMs: 150 },
    });
    using idle = await SmtpTestClient.connect(server.port(0));
    expect(await idle.closed()).toMatch(/^220 .*\r\n421 4\.4\.2 .*\r\n$/);

    const startData = async (): Promise<SmtpTestClient> => {
      const client = await SmtpTestClient.connect(server.port(0));
      client.send('HELO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<me@restante.example>\r\nDATA\r\n');
      for (let reply = 0; reply < 5; reply++) await client.reply();
      return client;
    };
    using stalled = await startData();
    expect(await stalled.closed()).toMatch(/^421 4\.4\.2 /);
    // A client that sends a little all the time has no more time for it all.
    using slow = await startData();
    const start = performance.now();
    const timer = setInterval(() => slow.send('x'), 20);
    expect(await slow.closed()).toMatch(/^421 4\.4\.2 /);
    clearInterval(timer);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(await server.messages('me')).toEqual([]);
  });
});

describe('networks', () => {
  const proxy = { proxyFrom: ['127.0.0.0/8'], tls: 'none' } as const;

  async function connectFrom(port: number, address: string): Promise<SmtpTestClient> {
    const client = await SmtpTestClient.connect(port);
    client.send(`PROXY TCP4 ${address} 192.0.2.200 1024 25\r\n`);
    return client;
  }

  it('may have so many connections open', async () => {
    await using server = await startTestServer([proxy], { limits: { openConnections: [2, 3, 4] } });
    const from = (address: string) => connectFrom(server.port(0), address);
    using first = await from('198.51.100.1');
    using second = await from('198.51.100.1');
    expect(await first.reply()).toMatch(/^220 /);
    expect(await second.reply()).toMatch(/^220 /);
    using third = await from('198.51.100.1');
    expect(await third.reply()).toBe('421 4.7.0 Too many connections, try again later');
    await third.closed();
    using neighbour = await from('198.51.100.2');
    expect(await neighbour.reply()).toMatch(/^220 /);
    using farNeighbour = await from('198.51.100.3');
    expect(await farNeighbour.reply()).toMatch(/^421 /);
    await first.ask('QUIT');
    await first.closed();
    using again = await from('198.51.100.1');
    expect(await again.reply()).toMatch(/^220 /);
  });

  it('may open so many connections in a minute', async () => {
    let now = Date.UTC(2026, 10, 23);
    await using server = await startTestServer([proxy], {
      limits: { connectionsPerMinute: [2, 10, 10] },
      clock: { now: () => now },
    });
    for (const code of [/^220 /, /^220 /, /^421 /]) {
      using client = await connectFrom(server.port(0), '198.51.100.1');
      expect(await client.reply()).toMatch(code);
    }
    now += 60_000;
    using client = await connectFrom(server.port(0), '198.51.100.1');
    expect(await client.reply()).toMatch(/^220 /);
  });

  it('are those that a trusted proxy tells of', async () => {
    await using server = await startTestServer([
      proxy,
      { ...proxy, proxyFrom: ['192.0.2.0/24'] },
      { ...proxy, tls: 'implicit' },
    ]);
    using client = await connectFrom(server.port(0), '198.51.100.77');
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
      C: .
      S: 250 *
    `);
    expect((await server.messages('me'))[0]).toMatch(/from c\.example \(\[198\.51\.100\.77\]\)/);
    // Nobody else is believed.
    using other = await connectFrom(server.port(1), '198.51.100.77');
    expect(await other.reply()).toMatch(/^220 /);
    expect(await other.reply()).toMatch(/^500 /);
    using without = await SmtpTestClient.connect(server.port(0));
    without.send('EHLO c.example\r\n');
    expect(await without.closed()).toBe('');
    // The header comes before the handshake, perhaps in one packet with its beginning.
    using secure = await connectFrom(server.port(2), '198.51.100.77');
    await secure.secure();
    expect(await secure.reply()).toMatch(/^220 /);
  });
});

describe('recipients', () => {
  it('are limited in one message', async () => {
    await using server = await startTestServer([{}], { limits: { smtpRecipients: 2 } });
    using client = await SmtpTestClient.connect(server.port(0));
    await client.reply();
    expect(await client.ask('EHLO c.example')).toMatch(/LIMITS RCPTMAX=2/);
    await client.play(`
      C: MAIL FROM:<a@b.example>
      S: 250 *
      C: RCPT TO:<me+1@restante.example>
      S: 250 *
      C: RCPT TO:<me+2@restante.example>
      S: 250 *
      C: RCPT TO:<me+3@restante.example>
      S: 452 4.5.3 Too many recipients
    `);
  });
});
