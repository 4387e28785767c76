import { ImapTestClient } from '../../harness/imap-client.ts';
import { SmtpTestClient } from '../../harness/smtp-test-client.ts';
import type { TestServer } from '../../harness/start-test-server.ts';
import { makeMessage } from '../make-message.ts';

interface Spread {
  readonly median: number;
  readonly p95: number;
}

/** Milliseconds that one delivery, and one append, take while something else goes on. One of each at a time, with a pause between. */
export async function measureLatency(
  server: TestServer,
  meanwhile: () => Promise<void>,
): Promise<{ smtp: Spread; imap: Spread }> {
  let running = true;
  const smtp: number[] = [];
  const imap: number[] = [];
  let number = 0;
  const deliver = async (): Promise<void> => {
    using client = await SmtpTestClient.connect(server.ports.smtp);
    await client.reply();
    await client.ask('EHLO bench.example');
    while (running) {
      const message = makeMessage(++number, 4096).toString('latin1');
      const started = performance.now();
      await client.ask('MAIL FROM:<a@example.net>');
      await client.ask('RCPT TO:<user0@example.org>');
      await client.ask('DATA');
      client.send(`${message}.\r\n`);
      const reply = await client.reply();
      if (!reply.startsWith('250')) throw new Error(reply);
      smtp.push(performance.now() - started);
      await pause();
    }
  };
  const append = async (): Promise<void> => {
    using client = await ImapTestClient.login(server.ports.imap, 'user1@example.org');
    while (running) {
      const message = makeMessage(++number, 4096).toString('latin1').replaceAll('\r\n', '\n');
      const started = performance.now();
      await client.append('INBOX', message);
      imap.push(performance.now() - started);
      await pause();
    }
  };
  const loads = [deliver(), append()];
  try {
    await meanwhile();
  } finally {
    running = false;
    await Promise.all(loads);
  }
  return { smtp: spread(smtp), imap: spread(imap) };
}

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}

function spread(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95) };
}
