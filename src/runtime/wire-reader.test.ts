import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionClosedError, LineTooLongError, ReadTimeoutError, WireReader } from './wire-reader.ts';

/** A reader, and what brings it bytes piece by piece. */
function readerOf(): { reader: WireReader; socket: PassThrough } {
  const socket = new PassThrough();
  return { reader: new WireReader(socket as unknown as Socket), socket };
}

describe('WireReader', () => {
  it('reads the same lines however the bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-z\r]{0,200}$/), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        async (lines, sizes) => {
          const { reader, socket } = readerOf();
          const text = lines.map((line) => `${line}\n`).join('');
          for (let at = 0, step = 0; at < text.length; step++) {
            const size = sizes[step % sizes.length];
            socket.write(text.slice(at, at + size));
            at += size;
          }
          for (const line of lines) expect((await reader.readLine(1000, 1000)).toString()).toBe(`${line}\n`);
          expect(reader.unreadBytes).toBe(0);
        },
      ),
    );
  });

  it('refuses a line that is too long, and goes on with the next one', async () => {
    const { reader, socket } = readerOf();
    for (let count = 0; count < 200; count++) socket.write('x');
    await expect(reader.readLine(100, 1000)).rejects.toThrow(LineTooLongError);
    expect(() => reader.takeLine(100)).toThrow(LineTooLongError);
    socket.write('\nnext\n');
    await reader.skipLine(1000);
    expect((await reader.readLine(100, 1000)).toString()).toBe('next\n');
  });

  it('waits its own time in each read, whatever the one before has left of its', async () => {
    const { reader, socket } = readerOf();
    const timedOut = async (timeoutMs: number): Promise<number> => {
      const began = performance.now();
      await expect(reader.readLine(100, timeoutMs)).rejects.toThrow(ReadTimeoutError);
      return performance.now() - began;
    };
    setTimeout(() => socket.write('one\n'), 5);
    expect((await reader.readLine(100, 2000)).toString()).toBe('one\n');
    expect(await timedOut(60)).toBeGreaterThan(55);
    expect(await timedOut(90)).toBeGreaterThan(85);
    // The time of a read that has ended runs out while nobody reads.
    setTimeout(() => socket.write('two\n'), 5);
    await reader.readLine(100, 20);
    await new Promise((resolve) => setTimeout(resolve, 40));
    setTimeout(() => socket.write('three\n'), 5);
    expect((await reader.readLine(100, 20_000)).toString()).toBe('three\n');
    expect(await timedOut(20)).toBeLessThan(10_000);
  });

  it('leaves nothing running when the connection has ended', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const { reader, socket } = readerOf();
    setTimeout(() => socket.write('one\n'), 1);
    await reader.readLine(100, 100_000);
    const reading = reader.readLine(100, 100_000);
    socket.end();
    await expect(reading).rejects.toThrow(ConnectionClosedError);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBe(before);
  });

  it('takes a long line that comes byte by byte without looking at it again and again', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    try {
      const reader = new WireReader(accepted);
      const line = reader.readLine(200_000, 10_000);
      const before = process.cpuUsage();
      // What a TLS peer can do with its records: a piece for each byte.
      for (let count = 0; count < 100_000; count++) {
        accepted.emit('data', Buffer.of(120));
        if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      accepted.emit('data', Buffer.from('\n'));
      expect((await line).length).toBe(100_001);
      // Each piece looked at each time would take minutes.
      expect(process.cpuUsage(before).user / 1000, 'milliseconds').toBeLessThan(5_000);
    } finally {
      client.destroy();
      accepted.destroy();
      server.close();
    }
  });
});
