import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestCertificate, testCertificate } from '../../../tests/harness/test-certificates.ts';
import { createTestEngine } from '../../database/sqlite/test-engine-fixture.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { ZoneResolver } from '../../dns/zone-fixture.ts';
import { silentLog } from '../../runtime/log.ts';
import { MtaStsPolicies } from './mta-sts-policies.ts';

const authority = testCertificate({ name: 'Authority', isAuthority: true });
const hostCertificate = testCertificate({
  name: 'mta-sts.there.example',
  hosts: ['mta-sts.there.example'],
  issuer: authority,
});
const policyText =
  'version: STSv1\r\nmode: enforce\r\nmx: mx.there.example\r\nmx: *.There.example\r\nmax_age: 604800\r\n';
const dayMs = 86_400_000;
const { signal } = new AbortController();

interface Host {
  readonly asked: string[];
  answer: (response: ServerResponse, request: IncomingMessage) => void;
  readonly port: number;
  close(): Promise<void>;
}

async function policyHost(certificate: TestCertificate): Promise<Host> {
  const server: Server = createServer({ cert: certificate.certificate, key: certificate.key });
  const host: Omit<Host, 'port'> = {
    asked: [],
    answer: (response) => response.setHeader('content-type', 'text/plain; charset=utf-8').end(policyText),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  server.on('request', (request, response) => {
    host.asked.push(`${request.method} ${request.headers.host} ${request.url}`);
    host.answer(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(host, { port: (server.address() as AddressInfo).port });
}

describe('MTA-STS policies', () => {
  let directory: string;
  let host: Host;
  let resolver: Resolver;
  let now: number;
  let engine: ReturnType<typeof createTestEngine>;
  let policies: MtaStsPolicies;
  let record: string | undefined;

  const open = (more: { timeoutMs?: number; port?: number } = {}): Promise<MtaStsPolicies> =>
    MtaStsPolicies.open({
      engine,
      dataDirectory: directory,
      resolver,
      clock: { now: () => now },
      log: silentLog,
      fetch: { port: host.port, authorities: [authority.certificate], ...more },
      refreshEveryMs: 0,
    });
  const find = async () => {
    const { policy, fault } = await policies.find('there.example', signal);
    return { mode: policy?.mode, fault: fault?.type };
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'restante-mta-sts-'));
    host = await policyHost(hostCertificate);
    const zone = new ZoneResolver();
    zone.add('mta-sts.there.example', 'A', '127.0.0.1');
    resolver = Object.assign(zone, {
      async txt(name: string) {
        const texts = new ZoneResolver();
        if (record === 'no answer') texts.fail(name);
        else if (record !== undefined) texts.add('_mta-sts.there.example', 'TXT', record);
        return await texts.txt(name);
      },
    });
    now = Date.parse('2026-03-01T12:00:00Z');
    record = 'v=STSv1; id=1;';
    engine = createTestEngine();
    policies = await open();
  });

  afterEach(async () => {
    await policies[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    await host.close();
    await rm(directory, { recursive: true });
  });

  it('are fetched once for each id, by all that ask at once together', async () => {
    const all = await Promise.all([1, 2, 3].map(() => policies.find('there.example', signal)));
    for (const { policy } of all) {
      expect(policy).toEqual({ mode: 'enforce', mx: ['mx.there.example', '*.there.example'], maxAgeSeconds: 604_800 });
    }
    await find();
    expect(host.asked).toEqual(['GET mta-sts.there.example /.well-known/mta-sts.txt']);
    record = 'v=STSv1; id=2';
    host.answer = (response) =>
      response.setHeader('content-type', 'text/plain').end('version: STSv1\nmode: none\nmax_age: 60');
    expect(await find()).toEqual({ mode: 'none', fault: undefined });
    expect(host.asked).toHaveLength(2);
  });

  it('are not looked for where there is no record, or more than one', async () => {
    record = undefined;
    expect(await find()).toEqual({ mode: undefined, fault: undefined });
    record = 'v=STSv11; id=1';
    expect(await find()).toEqual({ mode: undefined, fault: undefined });
    expect(host.asked).toEqual([]);
  });

  it('hold until they run out, whatever the DNS and the host say meanwhile, and over a restart', async () => {
    await find();
    host.answer = (response) => void response.writeHead(500).end();
    now += 6 * dayMs;
    for (const forged of [undefined, 'no answer', 'v=STSv1; id=;']) {
      record = forged;
      expect(await find()).toEqual({ mode: 'enforce', fault: undefined });
    }
    await policies[Symbol.asyncDispose]();
    policies = await open();
    record = 'v=STSv1; id=new';
    expect(await find()).toEqual({ mode: 'enforce', fault: 'sts-policy-fetch-error' });
    now += dayMs + 1;
    expect(await find()).toEqual({ mode: undefined, fault: 'sts-policy-fetch-error' });
  });

  it('are not asked for again for minutes after a host has failed', async () => {
    host.answer = (response) => void response.writeHead(404).end();
    expect(await find()).toEqual({ mode: undefined, fault: 'sts-policy-fetch-error' });
    expect(await find()).toEqual({ mode: undefined, fault: 'sts-policy-fetch-error' });
    expect(host.asked).toHaveLength(1);
    now += 5 * 60_000 + 1;
    host.answer = (response) => response.setHeader('content-type', 'text/plain').end(policyText);
    expect(await find()).toEqual({ mode: 'enforce', fault: undefined });
  });

  it.each([
    ['a redirect', 'sts-policy-fetch-error', (response) => response.writeHead(301, { location: '/else' }).end()],
    [
      'another type',
      'sts-policy-invalid',
      (response) => response.setHeader('content-type', 'text/html').end(policyText),
    ],
    [
      'more than any policy has',
      'sts-policy-invalid',
      (response) => response.setHeader('content-type', 'text/plain').end('x: y\n'.repeat(20_000)),
    ],
    [
      'another version',
      'sts-policy-invalid',
      (response) => response.setHeader('content-type', 'text/plain').end('version: STSv2'),
    ],
    [
      'no mx',
      'sts-policy-invalid',
      (response) => response.setHeader('content-type', 'text/plain').end('version: STSv1\nmode: enforce\nmax_age: 1'),
    ],
    [
      'an mx that is no name',
      'sts-policy-invalid',
      (response) => response.setHeader('content-type', 'text/plain').end(`${policyText}mx: *\n`),
    ],
    ['a connection that breaks', 'sts-policy-fetch-error', (response) => void response.destroy()],
  ] satisfies [string, string, Host['answer']][])('are not what comes with %s', async (_, fault, answer) => {
    host.answer = answer;
    expect(await find()).toEqual({ mode: undefined, fault });
  });

  it('are not believed from a host whose certificate is not its own or of no authority', async () => {
    for (const certificate of [
      testCertificate({ name: 'other', hosts: ['there.example'], issuer: authority }),
      testCertificate({ name: 'self', hosts: ['mta-sts.there.example'] }),
      testCertificate({
        name: 'old',
        hosts: ['mta-sts.there.example'],
        issuer: authority,
        validUntil: Date.now() - dayMs,
      }),
    ]) {
      const impostor = await policyHost(certificate);
      await policies[Symbol.asyncDispose]();
      policies = await open({ port: impostor.port });
      expect(await find()).toEqual({ mode: undefined, fault: 'sts-webpki-invalid' });
      expect(impostor.asked).toEqual([]);
      await impostor.close();
    }
  });

  it('keep mail waiting no longer than they may', async () => {
    host.answer = () => {};
    await policies[Symbol.asyncDispose]();
    policies = await open({ timeoutMs: 100 });
    expect(await find()).toEqual({ mode: undefined, fault: 'sts-policy-fetch-error' });
  });

  it('are refreshed daily while mail needs them, and forgotten when it does not', async () => {
    await find();
    now += dayMs;
    expect(await policies.refresh()).toEqual({ fetched: 1, failed: 0, forgotten: 0 });
    const [kept] = await policies.list();
    expect(kept).toMatchObject({
      domain: 'there.example',
      policy_id: '1',
      fetched_at: now,
      valid_until: now + 7 * dayMs,
    });
    host.answer = (response) => void response.writeHead(500).end();
    now += 2 * dayMs;
    expect(await policies.refresh()).toEqual({ fetched: 0, failed: 1, forgotten: 0 });
    now += 6 * dayMs;
    expect(await policies.refresh()).toEqual({ fetched: 0, failed: 0, forgotten: 1 });
    expect(await policies.list()).toEqual([]);
  });
});
