import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { SmtpTestClient } from '../../tests/harness/smtp-test-client.ts';
import { startTestServer } from '../../tests/harness/smtp-test-server.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that something still refers to: what is only not collected yet says nothing. */
function memoryInUse(): number {
  collectGarbage();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

describe('a message of 50 MB', () => {
  it('is stored without growing memory', async () => {
    await using server = await startTestServer([{}]);
    using client = await SmtpTestClient.connect(server.port(0));
    client.send('HELO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<me@restante.example>\r\nDATA\r\n');
    for (let reply = 0; reply < 5; reply++) await client.reply();
    const block = Buffer.from(`${'..dots and text '.repeat(4)}\r\n`.repeat(1000));
    const count = Math.ceil(50_000_000 / block.length);
    client.send('Subject: large\r\n\r\n');
    let peak = 0;
    const before = memoryInUse();
    for (let sent = 0; sent < count; sent++) {
      if (!client.socket.write(block)) await once(client.socket, 'drain');
      if (sent % 100 === 0) peak = Math.max(peak, memoryInUse() - before);
    }
    expect(await client.ask('.')).toMatch(/^250 /);
    // What is on its way in sockets and buffers of client and server; the message itself would be 50 MB.
    expect(peak).toBeLessThan(40_000_000);
    await using account = await server.accounts.open('me');
    const [row] = await account.read(async (reader) =>
      reader.messages.rows((await reader.mailboxes.named('Inbox'))!.id, 'all'),
    );
    const expected = count * (block.length - 1000) + 'Subject: large\r\n\r\n'.length;
    expect(row.sizeBytes - expected).toBeGreaterThan(0);
    expect(row.sizeBytes - expected).toBeLessThan(500);
  });
});
