import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
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
