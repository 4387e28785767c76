import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { ProxyProtocolError, parseProxyHeader, readProxyHeader } from './proxy-protocol.ts';

const signature = '\r\n\r\n\0\r\nQUIT\n';

function version2(command: number, family: number, body: Buffer): Buffer {
  const head = Buffer.from(`${signature}\0\0\0\0`, 'latin1');
  head[12] = command;
  head[13] = family;
  head.writeUInt16BE(body.length, 14);
  return Buffer.concat([head, body]);
}

describe('parseProxyHeader', () => {
  it.each([
    ['PROXY TCP4 192.0.2.1 192.0.2.2 1024 25\r\n', { remoteAddress: '192.0.2.1', remotePort: 1024 }],
    ['PROXY TCP6 2001:db8::1 2001:db8::2 1024 25\r\n', { remoteAddress: '2001:db8::1', remotePort: 1024 }],
    ['PROXY UNKNOWN\r\n', undefined],
    ['PROXY UNKNOWN whatever it says\r\n', undefined],
  ])('reads %j', (line, connection) => {
    const bytes = Buffer.from(`${line}EHLO x\r\n`);
    expect(parseProxyHeader(bytes)).toEqual({ sizeBytes: line.length, connection });
  });

  it('reads version 2 with its further fields', () => {
    const v4 = version2(0x21, 0x11, Buffer.from([192, 0, 2, 1, 192, 0, 2, 2, 4, 0, 0, 25, 4, 0, 1, 0]));
    expect(parseProxyHeader(v4)).toEqual({
      sizeBytes: 32,
      connection: { remoteAddress: '192.0.2.1', remotePort: 1024 },
    });
    const v6 = version2(0x21, 0x21, Buffer.alloc(36, 1));
    expect(parseProxyHeader(v6)?.connection?.remoteAddress).toBe('101:101:101:101:101:101:101:101');
    expect(parseProxyHeader(version2(0x20, 0, Buffer.alloc(0)))).toEqual({ sizeBytes: 16, connection: undefined });
  });

  it.each([
    'EHLO x\r\n',
    'PROXY TCP4 192.0.2.1 192.0.2.2 70000 25\r\n',
    'PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n',
    'PROXY TCP4 192.0.2.1 1 25\r\n',
    `PROXY TCP4 ${'1'.repeat(200)}`,
    `${signature}\x31\x11\0\0`,
    `${signature}\x21\x11\xff\xff`,
  ])('refuses %j', (text) => {
    expect(() => parseProxyHeader(Buffer.from(text, 'latin1'))).toThrow(ProxyProtocolError);
  });

  it('gives a header, a wish for more or an error for any bytes', () => {
    const starts = fc.constantFrom(
      'PROXY ',
      'PROXY TCP4 ',
      'PROXY TCP6 ::',
      signature,
      `${signature}\x21\x11\0\x0c`,
      '',
    );
    fc.assert(
      fc.property(starts, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        try {
          parseProxyHeader(Buffer.concat([Buffer.from(start, 'latin1'), rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('readProxyHeader', () => {
  const open: { close(): void }[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  async function accept(): Promise<{ client: Socket; accepted: Socket }> {
    const server = createServer({ allowHalfOpen: true });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    open.push(server, { close: () => client.destroy() }, { close: () => accepted.destroy() });
    return { client, accepted };
  }

  it('leaves what follows the header in the socket', async () => {
    const { client, accepted } = await accept();
    client.write('PROXY TCP4 192.0.2.1 192.');
    setTimeout(() => client.write('0.2.2 1024 25\r\nEHLO x\r\n'), 20);
    expect(await readProxyHeader(accepted, 1000)).toEqual({ remoteAddress: '192.0.2.1', remotePort: 1024 });
    accepted.resume();
    const [rest] = await once(accepted, 'data');
    expect(String(rest)).toBe('EHLO x\r\n');
  });

  it('gives up on silence and on a closed connection', async () => {
    const silent = await accept();
    await expect(readProxyHeader(silent.accepted, 50)).rejects.toThrow('not complete after 50 ms');
    const closed = await accept();
    closed.client.end('PROXY ');
    await expect(readProxyHeader(closed.accepted, 1000)).rejects.toThrow(ProxyProtocolError);
  });
});
