import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testCertificate } from '../../../../tests/harness/test-certificates.ts';
import { ZoneResolver } from '../../../dns/zone-fixture.ts';
import { postTlsReport } from './post-tls-report.ts';

const authority = testCertificate({ name: 'Authority', isAuthority: true });
const { certificate, key } = testCertificate({ name: 'b.example', hosts: ['b.example'], issuer: authority });
const { signal } = new AbortController();

describe('a report handed over by HTTPS', () => {
  let server: Server;
  let resolver: ZoneResolver;
  let status: number;
  let taken: { url: string | undefined; type: string | undefined; text: string }[];

  beforeEach(async () => {
    status = 201;
    taken = [];
    resolver = new ZoneResolver();
    for (const name of ['b.example', 'c.example']) resolver.add(name, 'A', '127.0.0.1');
    server = createServer({ cert: certificate, key }, async (request, response) => {
      const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
      taken.push({ url: request.url, type: request.headers['content-type'], text: gunzipSync(body).toString() });
      response.writeHead(status, { location: 'https://b.example/else' }).end('x'.repeat(100_000));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const post = (url: string, more: Partial<Parameters<typeof postTlsReport>[2]> = {}): Promise<void> =>
    postTlsReport(url, '{"a":1}', {
      resolver,
      signal,
      mayReach: () => true,
      port: (server.address() as AddressInfo).port,
      authorities: [authority.certificate],
      ...more,
    });

  it('comes as gzip to the path that the domain names', async () => {
    await post('https://b.example/tls?v=1');
    expect(taken).toEqual([{ url: '/tls?v=1', type: 'application/tlsrpt+gzip', text: '{"a":1}' }]);
  });

  it('is not taken when the host says so, sends elsewhere, or is not who it should be', async () => {
    for (const answer of [500, 404, 301]) {
      status = answer;
      await expect(post('https://b.example/')).rejects.toThrow(`b.example answers ${answer}`);
    }
    expect(taken).toHaveLength(3);
    await expect(post('https://c.example/')).rejects.toThrow(/c\.example/);
    expect(taken).toHaveLength(3);
  });

  it('comes by another address when one does not answer', async () => {
    resolver.add('b.example', 'AAAA', '::1');
    await post('https://b.example/');
    expect(taken).toHaveLength(1);
  });

  it('goes to no machine of a network here, whatever a stranger names', async () => {
    await expect(post('https://b.example/', { mayReach: undefined! })).rejects.toThrow(
      'no address that reports may be sent to',
    );
    for (const url of [
      'https://127.0.0.1/',
      'https://[::1]/',
      'http://b.example/',
      'https://b.example:8443/',
      'https://u@b.example/',
    ]) {
      await expect(post(url), url).rejects.toThrow('it is not https://');
    }
    expect(taken).toEqual([]);
  });
});
