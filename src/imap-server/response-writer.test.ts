import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';
import { ResponseWriter } from './response-writer.ts';

it.each([1_000, 20_000, 50_000, 200_000])(
  'writes of %d bytes to a client that does not read wait after some hundred kilobytes',
  async (size) => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => {}).pause();
    const [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('error', () => {});
    try {
      const out = new ResponseWriter(socket, 60_000);
      const bytes = Buffer.alloc(size, 'x');
      let waits = false;
      let written = 0;
      while (!waits && written < 100_000_000) {
        out.write('* 1 FETCH (BODY[] {1}\r\n');
        if (size === 50_000) out.writeDirect('head', size, (target, at) => target.set(bytes, at));
        else out.writeBytes(bytes);
        written += size;
        if (!out.full) continue;
        const flushed = out.flush().then(() => 'flushed');
        flushed.catch(() => {});
        const later = new Promise((resolve) => setTimeout(resolve, 300, 'waits'));
        waits = (await Promise.race([flushed, later])) === 'waits';
      }
      expect(waits).toBe(true);
      expect(socket.writableLength).toBeLessThan(600_000);
    } finally {
      client.destroy();
      socket.destroy();
      server.close();
    }
  },
);

it('writes text that is longer than a chunk after what is in the chunk, and goes on', async () => {
  const written: string[] = [];
  const stream = new Duplex({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString('latin1'));
      done();
    },
  });
  const out = new ResponseWriter(stream, 60_000);
  const long = 'y'.repeat(200_000);
  out.writeBytes(Buffer.from('bytes'));
  out.write(long);
  await out.flush();
  out.write('end');
  await out.drain();
  expect(written.join('')).toBe(`bytes${long}end`);
});
