import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HookSink } from '../../src/queue/hook-sink.ts';
import { SmtpTestClient } from '../harness/smtp-test-client.ts';
import { choosePorts, startTestServer } from '../harness/start-test-server.ts';

async function send(port: number, commands: readonly string[], subject: string, from = 'ada@elsewhere.example') {
  using client = await SmtpTestClient.connect(port);
  await client.play('S: 220 *');
  for (const command of ['HELO a.example', ...commands]) expect(await client.ask(command)).toMatch(/^2/);
  expect(await client.ask('DATA')).toMatch(/^354/);
  const header = `From: Ada <${from}>\r\nTo: me@example.org\r\nSubject: ${subject}\r\n`;
  expect(await client.ask(`${header}\r\nHello\r\n.`)).toMatch(/^250/);
}

describe('a whole server', () => {
  it('tells a program of mail that comes and goes, once, also after it was killed', { timeout: 60_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'restante-webhooks-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
    await using sink = await HookSink.start();
    const ports = await choosePorts();
    const authorization = join(directory, 'hook.authorization');
    await writeFile(authorization, 'Bearer 12345\n');
    const hook = `{ url: "${sink.url}", authorizationFile: ${authorization} }`;
    const domains = `    outgoingWebhook: ${hook}\n    incomingWebhook: ${hook}\n`;
    const incoming = ['MAIL FROM:<ada@elsewhere.example>', 'RCPT TO:<me+shop@example.org>'];
    {
      await using server = await startTestServer({ directory, ports, domains });
      await send(ports.smtp, incoming, 'first');
      await expect.poll(() => sink.received.length, { timeout: 15_000 }).toBe(1);
      expect(sink.received[0]?.headers.authorization).toBe('Bearer 12345');
      expect(sink.received[0]?.body).toMatchObject({
        event: 'incoming',
        account: 'me',
        mailbox: 'Inbox',
        mailFrom: 'ada@elsewhere.example',
        rcptTo: 'me+shop@example.org',
        from: [{ name: 'Ada', address: 'ada@elsewhere.example' }],
        subject: 'first',
        text: { content: 'Hello\r\n', isCut: false },
      });
      await send(ports.smtp, incoming, 'second');
      await server.kill();
    }
    await using server = await startTestServer({ directory, ports });
    await expect.poll(() => sink.received.length, { timeout: 15_000 }).toBe(2);
    expect(sink.received[1]?.body.subject).toBe('second');
    const login = Buffer.from('\0me\0secret').toString('base64');
    await send(
      ports.submission,
      [`AUTH PLAIN ${login}`, 'MAIL FROM:<me@example.org>', 'RCPT TO:<me@example.org>'],
      'third',
      'me@example.org',
    );
    await expect.poll(() => sink.received.length, { timeout: 15_000 }).toBe(4);
    const events = sink.received.slice(2).map(({ body }) => [body.event, body.subject]);
    expect(events.sort()).toEqual([
      ['delivered', 'third'],
      ['incoming', 'third'],
    ]);
    expect((await server.command('queue', 'webhooks', 'list')).stdout).toBe('Nothing waits.\n');
    const { stdout } = await server.command('queue', 'webhooks', 'retired', '--json');
    const retired = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(retired.map(({ event, end, status }) => [event, end, status]).sort()).toEqual([
      ['delivered', 'delivered', 200],
      ['incoming', 'delivered', 200],
      ['incoming', 'delivered', 200],
      ['incoming', 'delivered', 200],
    ]);
    expect(stdout).not.toContain('12345');
  });
});
