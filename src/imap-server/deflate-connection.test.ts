import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeflateConnection } from './deflate-connection.ts';

async function pair(): Promise<{ socket: Socket; client: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  const client = connect(address.port, '127.0.0.1').pause();
  const [socket] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return { socket, client };
}

describe('a compressed connection', () => {
  it('takes the errors of its socket, as nobody else listens', async () => {
    const { socket } = await pair();
    const connection = new DeflateConnection(socket, Buffer.alloc(0));
    const failed = once(connection, 'error');
    socket.destroy(new Error('reset'));
    expect((await failed)[0]).toMatchObject({ message: 'reset' });
    expect(connection.destroyed).toBe(true);
  });

  it('lets go of a client that reads nothing', async () => {
    const { socket } = await pair();
    const connection = new DeflateConnection(socket, Buffer.alloc(0)).on('error', () => {});
    const noise = Buffer.from(Array.from({ length: 1 << 20 }, () => Math.floor(Math.random() * 256)));
    for (let count = 0; count < 20; count++) connection.write(noise);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(connection.writableLength).toBeGreaterThan(0);
    const closed = once(socket, 'close');
    connection.destroy();
    await closed;
  });
});
