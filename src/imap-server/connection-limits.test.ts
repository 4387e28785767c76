import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startImapFixture } from '../../tests/harness/imap-fixture.ts';

/** The first line that a client at this address gets to see. */
async function greeting(port: number, address?: string): Promise<{ line: string; end: () => Promise<unknown> }> {
  const socket = connect(port, '127.0.0.1');
  if (address !== undefined) socket.write(`PROXY TCP4 ${address} 192.0.2.1 1000 143\r\n`);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  const end = async (): Promise<unknown> => {
    const closed = once(socket, 'close');
    socket.end('x LOGOUT\r\n').resume();
    return await closed;
  };
  return { line: bytes.toString(), end };
}

it('Connections of an address are limited, open ones and in a minute; those of this machine are not', async () => {
  await using server = await startImapFixture({
    listeners: [
      { address: '127.0.0.1', port: 0, tls: 'none', proxyFrom: ['127.0.0.0/8'] },
      { address: '127.0.0.1', port: 0, tls: 'none' },
    ],
    openConnections: [1, 10, 10],
    connectionsPerMinute: [2, 10, 10],
  });
  const first = await greeting(server.ports[0], '198.51.100.1');
  expect(first.line).toMatch(/^\* OK /);
  expect((await greeting(server.ports[0], '198.51.100.1')).line).toMatch(/^\* BYE \[LIMIT\] /);
  const other = await greeting(server.ports[0], '198.51.100.2');
  expect(other.line).toMatch(/^\* OK /);
  await first.end();
  const second = await greeting(server.ports[0], '198.51.100.1');
  expect(second.line).toMatch(/^\* OK /);
  await second.end();
  expect((await greeting(server.ports[0], '198.51.100.1')).line).toMatch(/^\* BYE \[LIMIT\] /);
  await other.end();
  const own = await Promise.all([1, 2, 3, 4].map(() => greeting(server.ports[1])));
  for (const { line, end } of own) {
    expect(line).toMatch(/^\* OK /);
    await end();
  }
});
