import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireReader } from '../runtime/wire-reader.ts';
import { readReply } from './read-reply.ts';

/** Reads one reply of what a peer sends in these pieces before it closes. */
async function replyFrom(...pieces: (string | Uint8Array)[]) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    return await readReply(new WireReader(socket), 2_000);
  } finally {
    socket.destroy();
    server.close();
  }
}

describe('readReply', () => {
  it('reads replies of one line and of several', async () => {
    expect(await replyFrom('250 2.1.0 Sender ok\r\n')).toEqual({
      code: 250,
      enhancedCode: '2.1.0',
      lines: ['Sender ok'],
    });
    expect(await replyFrom('250-mx\r\n250-', 'SIZE\r\n250 DSN\r\n')).toMatchObject({ lines: ['mx', 'SIZE', 'DSN'] });
    expect(await replyFrom('354\r\n')).toMatchObject({ code: 354, lines: [''] });
    expect(await replyFrom('220 with a bare line feed\n')).toMatchObject({ code: 220 });
  });

  it('refuses what is no reply, has two codes, or has no end', async () => {
    for (const text of ['HTTP/1.1 400 Bad Request\r\n', '250-a\r\n550 b\r\n', '99 x\r\n', '650 x\r\n', '\r\n'])
      await expect(replyFrom(text)).rejects.toMatchObject({ code: 'smtp-reply-malformed' });
    await expect(replyFrom('250-x\r\n'.repeat(300))).rejects.toMatchObject({ code: 'smtp-reply-malformed' });
    await expect(replyFrom(`250 ${'x'.repeat(10_000)}\r\n`)).rejects.toMatchObject({ code: 'line-too-long' });
    await expect(replyFrom('250-half')).rejects.toMatchObject({ code: 'connection-closed' });
  });

  it('ends with a reply or an error of a known kind, whatever comes', async () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .array(fc.constantFrom('250', '-', ' ', '\r\n', '5', '2.0.0', 'a', '\n', '421 '), { maxLength: 12 })
        .map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 4 }), async (pieces) => {
        const result = await replyFrom(...pieces).catch((error) => error);
        expect(result.code).toSatisfy(
          (code: unknown) =>
            typeof code === 'number' || code === 'smtp-reply-malformed' || code === 'connection-closed',
        );
      }),
      { numRuns: 60 },
    );
  });
});
