import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { password, startTestServer, type TestSmtpServer } from '../../tests/harness/smtp-test-server.ts';
import { SocksServer } from '../../tests/harness/socks-server.ts';
import { LiveDomains } from '../config/live-domains.ts';
import { parseStaticConfig } from '../config/static-config.ts';
import { QueueFixture, until, zoneResolver } from '../queue/queue-fixture.ts';
import type { QueueOptions } from '../queue/queue-options.ts';
import { ScriptedPeers } from '../queue/scripted-peers.ts';
import { SmtpSink } from '../queue/smtp-sink.ts';
import { systemClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { connectSmtp } from '../smtp-client/connect-smtp.ts';
import { CertificateStore } from '../tls/certificate-store.ts';
import { ensureSelfSignedCertificate } from '../tls/ensure-self-signed-certificate.ts';
import { outgoingRoutes } from './outgoing-routes.ts';

let directory: string;
let certificates: CertificateStore;
let authority: string;
let smarthost: TestSmtpServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-routes-'));
  const files = { certificateFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
  await ensureSelfSignedCertificate({ ...files, names: ['smart.example'], clock: systemClock });
  authority = await readFile(files.certificateFile, 'utf8');
  certificates = await CertificateStore.open([files], silentLog);
  smarthost = await startTestServer([
    { kind: 'submission', tls: 'starttls', acceptor: certificates },
    { kind: 'submission', tls: 'implicit', acceptor: certificates },
  ]);
});

afterAll(async () => {
  await smarthost[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** A queue with routes as configured, beside a smarthost that wants a login. */
async function start(fixture: QueueFixture, domainsYaml: string, staticYaml = '', more: Partial<QueueOptions> = {}) {
  await writeFile(
    join(directory, 'domains.yaml'),
    `domains: { here.example: }\naccounts: { me: { domain: here.example } }\n${domainsYaml}`,
  );
  const login = 'host: smart.example, username: me@restante.example, passwordFile: password';
  const config = parseStaticConfig(
    join(directory, 'restante.yaml'),
    `dataDirectory: data
hostname: mail.here.example
postmaster: { account: me }
listeners: {}
transports:
  starttls: { ${login}, port: ${smarthost.port(0)} }
  implicit: { ${login}, port: ${smarthost.port(1)}, tls: implicit }
  unnamed: { ${login.replace('smart', 'other')}, port: ${smarthost.port(1)}, tls: implicit }
${staticYaml}`,
  );
  const domains = await LiveDomains.open(config, silentLog);
  return await fixture.start({
    resolver: zoneResolver({ 'smart.example': { a: ['127.0.0.1'] }, 'other.example': { a: ['127.0.0.1'] } }),
    routeFor: outgoingRoutes(config, domains),
    connect: (target, signal) =>
      connectSmtp({ ...target, authorities: [authority] }, { helloName: 'mail.here.example', log: silentLog }, signal),
    ...more,
  });
}

const content = 'From: me@restante.example\r\nSubject: Test\r\n\r\nHello\r\n';

describe('routes of the configuration', () => {
  it('lead to a smarthost, with login, over STARTTLS and over TLS', async () => {
    await using fixture = await QueueFixture.create();
    await writeFile(join(directory, 'password'), `${password}\n`);
    const queue = await start(
      fixture,
      'routes: [{ toDomains: [one.example], transport: starttls }]',
      'relay: implicit',
    );
    const file = await fixture.file(content);
    await queue.submit(
      await fixture.message(['a@one.example', 'b@two.example', 'c@here.example'], {
        file,
        sender: 'me@restante.example',
      }),
    );
    await until(async () => (await queue.list({})).length === 0);
    const recipients = smarthost.submissions.flatMap((message) => message.recipients.map(({ address }) => address));
    expect(recipients.sort()).toEqual(['a@one.example', 'b@two.example']);
    expect(fixture.delivered.flatMap((message) => message.recipients.map(({ address }) => address))).toEqual([
      'c@here.example',
    ]);
  });

  it('keep mail in the queue while the login is wrong or the certificate is for another name', async () => {
    await using fixture = await QueueFixture.create();
    await writeFile(join(directory, 'password'), 'wrong\n');
    const queue = await start(
      fixture,
      'routes: [{ toDomains: [x.example], transport: unnamed }, { transport: starttls }]',
    );
    const file = await fixture.file(content);
    await queue.submit(await fixture.message(['a@x.example', 'b@y.example'], { file }));
    await until(async () => (await queue.list({})).every(({ attempts }) => attempts === 1));
    expect((await queue.list({})).map(({ lastResult }) => lastResult?.enhanced)).toEqual(['4.7.5', '4.7.8']);
  });

  it('end where they say so, with a notice to the sender', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await start(fixture, 'routes: [{ toDomains: [.example.org], transport: fail }]');
    await queue.submit(await fixture.message(['a@sub.example.org']));
    await until(() => fixture.delivered.length === 1);
    expect(fixture.delivered[0]).toMatchObject({ isDsn: true, recipients: [{ address: 'me@here.example' }] });
  });

  it('lead by a SOCKS proxy, which looks up names, with a login from a file', async () => {
    await using fixture = await QueueFixture.create();
    await using sink = await SmtpSink.start();
    const login = { username: 'us', password: 'let me' };
    await using proxy = await SocksServer.start({ port: sink.port, login });
    await writeFile(join(directory, 'proxy.password'), 'let me\n');
    const member = `kind: socks, host: 127.0.0.1, port: ${proxy.port}, username: us, passwordFile: proxy.password`;
    const queue = await start(fixture, '', `  hidden: { ${member} }\nrelay: hidden`, {
      resolver: zoneResolver({ 'x.example': { mx: [[10, 'mx.x.example']] }, 'y.example': {} }),
    });
    await queue.submit(await fixture.message(['a@x.example', 'b@y.example', 'c@[192.0.2.5]']));
    await until(async () => (await queue.list({})).length === 0);
    expect(proxy.asked.sort()).toEqual(['192.0.2.5 25', 'mx.x.example 25', 'y.example 25']);
    expect(sink.received).toHaveLength(3);
    await rm(join(directory, 'proxy.password'));
    await queue.submit(await fixture.message(['a@x.example']));
    await until(async () => (await queue.list({}))[0]?.lastResult?.text === 'The login for the proxy is not there');
  });

  it('use the addresses of one family only', async () => {
    await using fixture = await QueueFixture.create();
    const peers = new ScriptedPeers({ '192.0.2.1': {}, '2001:db8::1': {} });
    const queue = await start(
      fixture,
      'routes: [{ toDomains: [x.example], transport: four }, { transport: six }]',
      '  four: { kind: direct, disableIPv6: true }\n  six: { kind: direct, disableIPv4: true }',
      {
        resolver: zoneResolver({
          'x.example': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
          'y.example': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
          'z.example': { a: ['192.0.2.1'] },
        }),
        connect: peers.connect,
      },
    );
    await queue.submit(await fixture.message(['a@x.example', 'b@y.example', 'c@z.example']));
    await until(async () => (await queue.list({})).length === 0);
    const sent = peers.sent.map(({ target, envelope }) => [envelope.recipients[0]?.address, target.address]);
    expect(sent.sort()).toEqual([
      ['a@x.example', '192.0.2.1'],
      ['b@y.example', '2001:db8::1'],
    ]);
    expect(await queue.retired.list({ end: 'failed' }, 10)).toMatchObject([
      { recipient: 'c@z.example', lastResult: { text: 'Host z.example has no address' } },
    ]);
  });

  it('end with a reply of their own, or wait with one', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await start(
      fixture,
      'routes: [{ toDomains: [x.example], transport: never }, { transport: later }]',
      '  never: { kind: fail, code: 553, text: Ask Ada first }\n  later: { kind: fail, code: 450 }',
    );
    await queue.submit(await fixture.message(['a@x.example', 'b@y.example']));
    await until(async () => (await queue.retired.list({ account: 'me' }, 10)).length === 1);
    expect(await queue.retired.list({ account: 'me' }, 10)).toMatchObject([
      { end: 'failed', lastResult: { code: 553, enhanced: '5.7.1', text: 'Ask Ada first' } },
    ]);
    await until(async () => (await queue.list({ account: 'me' }))[0]?.lastResult?.code === 450);
  });
});
