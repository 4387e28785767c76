import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SocksServer } from '../../tests/harness/socks-server.ts';
import { SmtpSink } from '../queue/smtp-sink.ts';
import { silentLog } from '../runtime/log.ts';
import { connectSmtp } from './connect-smtp.ts';

const login = { username: 'me', password: 'secret' };

async function session(proxyPort: number, address: string, more: { login?: typeof login; connect?: number } = {}) {
  const proxy = { host: '127.0.0.1', port: proxyPort, ...(more.login === undefined ? {} : { login: more.login }) };
  const target = { host: 'mx.example', address, port: 2525, tls: 'none' } as const;
  const timeouts = { connect: more.connect ?? 5000, greeting: more.connect ?? 5000 };
  return await connectSmtp(target, { helloName: 'here.example', log: silentLog, proxy, timeouts });
}

describe('SMTP by a SOCKS proxy', () => {
  it.each([
    ['a name, which the proxy looks up', 'mx.example', 'mx.example'],
    ['an IPv4 address', '192.0.2.7', '192.0.2.7'],
    ['an IPv6 address', '2001:db8::7:1', '20010db8000000000000000000070001'],
    ['an IPv6 address without zeros', '1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['an IPv6 address with an IPv4 one in it', '::ffff:192.0.2.7', '00000000000000000000ffffc0000207'],
  ])('goes to %s', async (_what, address, asked) => {
    await using sink = await SmtpSink.start();
    await using proxy = await SocksServer.start({ port: sink.port });
    const opened = await session(proxy.port, address);
    await opened.close();
    expect(proxy.asked).toEqual([`${asked} 2525`]);
    expect(sink.commands).toEqual(['EHLO here.example', 'QUIT']);
  });

  it('logs in where the proxy wants it', async () => {
    await using sink = await SmtpSink.start();
    await using proxy = await SocksServer.start({ port: sink.port, login });
    await (await session(proxy.port, 'mx.example', { login })).close();
    await expect(session(proxy.port, 'mx.example')).rejects.toMatchObject({
      reply: { code: 451, enhanced: '4.4.1', text: expect.stringContaining('the proxy wants another login') },
    });
    await expect(session(proxy.port, 'mx.example', { login: { ...login, password: 'x' } })).rejects.toMatchObject({
      reply: { code: 451, text: expect.stringContaining('the proxy refuses the login') },
    });
    expect(sink.connections).toBe(1);
  });

  it('takes what the proxy says for a host that is not reached now', async () => {
    await using proxy = await SocksServer.start({ port: 1, reply: 4 });
    await expect(session(proxy.port, 'mx.example')).rejects.toMatchObject({
      reply: {
        code: 451,
        enhanced: '4.4.1',
        text: 'No connection to mx.example: the proxy says: the host is unreachable',
      },
    });
  });

  it('does not wait for ever, nor break, whatever the proxy says', { timeout: 60_000 }, async () => {
    const said: { bytes: Uint8Array } = { bytes: new Uint8Array(0) };
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(said.bytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const begins = fc.constantFrom([], [5, 0], [5, 2], [5, 0, 5, 0, 0, 1], [5, 0, 5, 0, 0, 3], [5, 0, 5, 0, 0, 4]);
    await fc
      .assert(
        fc.asyncProperty(begins, fc.uint8Array({ maxLength: 30 }), async (first, rest) => {
          said.bytes = Buffer.from([...first, ...rest]);
          await expect(
            session(port, 'mx.example', { login, connect: 30 }).then((peer) => peer.close()),
          ).rejects.toMatchObject({
            reply: { code: expect.any(Number) },
          });
        }),
        { numRuns: 60 },
      )
      .finally(() => server.close());
  });
});
