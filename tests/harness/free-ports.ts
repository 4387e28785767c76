import { createServer, type Server } from 'node:net';

/**
 * Ports of this machine that nobody listens at. All are held until the last is found, so that they differ; below the range from
 * which the system takes ports of outgoing connections nothing else takes them soon.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  for (let tries = 0; ports.length < count && tries < 1000; tries++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    held.push(server);
    ports.push(port);
  }
  for (const server of held) await new Promise((resolve) => server.close(resolve));
  return ports;
}
