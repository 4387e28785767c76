import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../runtime/log.ts';
import { Metrics } from '../runtime/metrics.ts';
import { autoconfigRoutes } from './autoconfig-routes.ts';
import { metricsRoutes } from './metrics-routes.ts';
import { type HttpServer, type Routes, startHttpServer } from './start-http-server.ts';

const started: HttpServer[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await server[Symbol.asyncDispose]();
});

async function serve(...routes: Routes[]): Promise<string> {
  const server = await startHttpServer({ address: '127.0.0.1', port: 0 }, routes, { log: silentLog });
  started.push(server);
  return `http://127.0.0.1:${server.port}`;
}

describe('the metrics listener', () => {
  it('renders counters, gauges and histograms in the Prometheus text format', async () => {
    const metrics = new Metrics();
    metrics.counter('restante_test_total', 'Things.').add(2, { kind: 'a"b' });
    const times = metrics.histogram('restante_test_seconds', 'Time.', [1, 5]);
    for (const time of [2, 5, 0.5, 7]) times.observe(time);
    metrics.histogram('restante_test_bytes', 'Sizes.', [10]).observe(7, { kind: 'a' });
    const answer = await fetch(`${await serve(metricsRoutes(metrics, async () => []))}/metrics`);
    expect(answer.headers.get('content-type')).toContain('version=0.0.4');
    expect(await answer.text()).toBe(`# HELP restante_test_total Things.
# TYPE restante_test_total counter
restante_test_total{kind="a\\"b"} 2
# HELP restante_test_seconds Time.
# TYPE restante_test_seconds histogram
restante_test_seconds_bucket{le="1"} 1
restante_test_seconds_bucket{le="5"} 3
restante_test_seconds_bucket{le="+Inf"} 4
restante_test_seconds_sum 14.5
restante_test_seconds_count 4
# HELP restante_test_bytes Sizes.
# TYPE restante_test_bytes histogram
restante_test_bytes_bucket{kind="a",le="10"} 1
restante_test_bytes_bucket{kind="a",le="+Inf"} 1
restante_test_bytes_sum{kind="a"} 7
restante_test_bytes_count{kind="a"} 1
`);
  });

  it('answers health with 200, or with 503 and the reasons', async () => {
    const problems: string[] = [];
    const base = await serve(metricsRoutes(new Metrics(), async () => problems));
    expect((await fetch(`${base}/health`)).status).toBe(200);
    problems.push('the data directory is full');
    const answer = await fetch(`${base}/health`);
    expect([answer.status, await answer.text()]).toEqual([503, 'the data directory is full\n']);
  });

  it('says nothing about the machine when a route fails or does not exist', async () => {
    const base = await serve((server) => {
      server.get('/fails', () => {
        throw new Error('/secret/path');
      });
    });
    const failed = await fetch(`${base}/fails`);
    expect([failed.status, await failed.text()]).toEqual([500, 'Internal error\n']);
    const missing = await fetch(`${base}/nothing`);
    expect([missing.status, await missing.text()]).toEqual([404, 'Not found\n']);
  });
});

describe('autoconfig', () => {
  it('describes the servers of a domain that is served, and no other', async () => {
    const base = await serve(
      autoconfigRoutes((domain) =>
        domain === 'example.org' ? { hostname: 'mail.example.org', imaps: 993 } : undefined,
      ),
    );
    const answer = await fetch(`${base}/mail/config-v1.1.xml?emailaddress=a@Example.org`);
    expect(await answer.text()).toContain('<hostname>mail.example.org</hostname>\n      <port>993</port>');
    expect((await fetch(`${base}/mail/config-v1.1.xml?emailaddress=a@example.com`)).status).toBe(404);
  });
});

it('closes the connection of a request that does not come to its end', async () => {
  const server = await startHttpServer({ address: '127.0.0.1', port: 0 }, [], { log: silentLog, requestMs: 300 });
  started.push(server);
  const client = connect(server.port, '127.0.0.1');
  client.resume();
  client.write('GET / HTTP/1.1\r\nHost: example.org\r\nX-Slow: ');
  await once(client, 'close');
  client.destroy();
});
