import { hash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type TestCertificate, testCertificate } from '../../tests/harness/test-certificates.ts';
import type { TlsaRecord } from '../dns/resolver.ts';
import type { TlsResult } from '../mailauth/tls-report/tls-result.ts';
import { silentLog } from '../runtime/log.ts';
import { connectSmtp } from '../smtp-client/connect-smtp.ts';
import type { RouteFor } from './mail-route.ts';
import type { ConnectPeer } from './peer.ts';
import type { QueuedMessage, SubmittedMessage } from './queue.ts';
import { QueueFixture, type TestZone, until, zoneResolver } from './queue-fixture.ts';
import { SmtpSink } from './smtp-sink.ts';
import type { MtaSts } from './tls-policy.ts';

const authority = testCertificate({ name: 'Authority', isAuthority: true });
const intermediate = testCertificate({ name: 'Intermediate', isAuthority: true, issuer: authority });
const yesterday = Date.now() - 86_400_000;

function hostCertificate(options: Partial<Parameters<typeof testCertificate>[0]> = {}): TestCertificate {
  return testCertificate({ name: 'mx.there.example', hosts: ['mx.there.example'], issuer: authority, ...options });
}

function chainOf(...certificates: TestCertificate[]): { certificate: string; key: string } {
  return { certificate: certificates.map(({ certificate }) => certificate).join(''), key: certificates[0]!.key };
}

function record(usage: number, selector: number, matchingType: number, { certificate }: TestCertificate): TlsaRecord {
  const parsed = new X509Certificate(certificate);
  const data = selector === 0 ? parsed.raw : parsed.publicKey.export({ type: 'spki', format: 'der' });
  const digest = matchingType === 0 ? data : hash(matchingType === 1 ? 'sha256' : 'sha512', data, 'buffer');
  return { usage, selector, matchingType, certificate: digest };
}

interface Attempt {
  /** What the sink shows; undefined: it offers no TLS. */
  readonly certificate?: { certificate: string; key: string } | undefined;
  readonly tlsa?: TlsaRecord[] | 'temporary';
  readonly authentic?: boolean;
  readonly mtaSts?: Partial<MtaSts>;
  readonly message?: Partial<SubmittedMessage>;
  readonly content?: string;
  readonly extensions?: string[];
  /** What a transport allows. */
  readonly routeFor?: RouteFor;
}

/** One message to a domain with such records and such a server: what came of it. */
async function attempt(options: Attempt) {
  await using fixture = await QueueFixture.create();
  await using sink = await SmtpSink.start();
  sink.certificate = options.certificate;
  sink.extensions.push(...(options.extensions ?? []));
  const { authentic = true, tlsa } = options;
  const zone: TestZone = {
    'there.example': { mx: [[10, 'mx.there.example']], authentic },
    'mx.there.example': { a: ['127.0.0.1'], authentic },
    [`_${sink.port}._tcp.mx.there.example`]: tlsa === 'temporary' ? tlsa : { tlsa: tlsa ?? [], authentic },
  };
  const results: TlsResult[] = [];
  const connect: ConnectPeer = (target, signal) =>
    connectSmtp(
      { ...target, authorities: [authority.certificate] },
      { helloName: 'mail.here.example', log: silentLog },
      signal,
    );
  const queue = await fixture.start({
    resolver: zoneResolver(zone),
    connect,
    smtpPort: sink.port,
    findMtaSts: async () => ({ policy: undefined, fault: undefined, ...options.mtaSts }),
    onTlsResult: (result) => results.push(result),
    ...(options.routeFor === undefined ? {} : { routeFor: options.routeFor }),
  });
  fixture.clock.at = Date.now();
  const file = options.content === undefined ? {} : { file: await fixture.file(options.content) };
  await queue.submit(await fixture.message(['a@there.example'], { ...file, ...options.message }));
  let left: QueuedMessage | undefined;
  await until(async () => {
    const waiting = await queue.list({});
    [left] = waiting.filter(({ recipient }) => recipient === 'a@there.example');
    // A notice that it came back has its turn too.
    return waiting.every(({ attempts }) => attempts > 0);
  });
  return {
    sent: sink.received.length,
    mail: sink.received[0]?.mail,
    left: left?.lastResult,
    tls: (await queue.retired.list({}, 10)).find(({ recipient }) => recipient === 'a@there.example')?.lastResult?.tls,
    bounced: fixture.delivered.length,
    results,
  };
}

function resultOf({ results }: Awaited<ReturnType<typeof attempt>>, type: string) {
  const [result] = results.filter(({ policy }) => policy.type === type);
  return result === undefined ? undefined : (result.fault?.type ?? 'success');
}

describe('DANE', () => {
  it('delivers to the server whose key or certificate the TLSA records name, in each way they can', async () => {
    const own = hostCertificate({ issuer: intermediate });
    const chain = chainOf(own, intermediate, authority);
    for (const usage of [2, 3]) {
      for (const selector of [0, 1]) {
        for (const matching of [0, 1, 2]) {
          const tlsa = [record(usage, selector, matching, usage === 3 ? own : intermediate)];
          const done = await attempt({ certificate: chain, tlsa });
          expect({ tlsa, sent: done.sent, tlsaResult: resultOf(done, 'tlsa') }).toMatchObject({
            sent: 1,
            tlsaResult: 'success',
          });
        }
      }
    }
  });

  it('needs one record that fits, among others that do not or cannot be used', async () => {
    const own = hostCertificate();
    const others = [record(3, 1, 1, hostCertificate()), record(1, 0, 1, own), record(3, 5, 1, own)];
    const done = await attempt({ certificate: chainOf(own), tlsa: [...others, record(3, 1, 1, own)] });
    expect([done.sent, done.tls]).toEqual([1, 'dane']);
  });

  it('delivers nothing to a server with another key', async () => {
    const done = await attempt({ certificate: chainOf(hostCertificate()), tlsa: [record(3, 1, 1, hostCertificate())] });
    expect(done).toMatchObject({ sent: 0, left: { code: 454, enhanced: '4.7.5' } });
    expect(resultOf(done, 'tlsa')).toBe('certificate-not-trusted');
  });

  it('delivers nothing in the clear when STARTTLS is missing: it may have been stripped', async () => {
    const done = await attempt({ tlsa: [record(3, 1, 1, hostCertificate())] });
    expect(done).toMatchObject({ sent: 0, left: { code: 454, enhanced: '4.7.10' } });
    expect(resultOf(done, 'tlsa')).toBe('starttls-not-supported');
  });

  it('minds neither names nor dates of a certificate that is named itself, and both of one that an authority stands for', async () => {
    const expired = hostCertificate({ validUntil: yesterday });
    expect(await attempt({ certificate: chainOf(expired), tlsa: [record(3, 1, 1, expired)] })).toMatchObject({
      sent: 1,
    });
    const late = await attempt({ certificate: chainOf(expired, authority), tlsa: [record(2, 1, 1, authority)] });
    expect([late.sent, resultOf(late, 'tlsa')]).toEqual([0, 'certificate-expired']);

    const stranger = hostCertificate({ name: 'other.example', hosts: ['other.example'] });
    expect(await attempt({ certificate: chainOf(stranger), tlsa: [record(3, 1, 1, stranger)] })).toMatchObject({
      sent: 1,
    });
    const wrong = await attempt({ certificate: chainOf(stranger, authority), tlsa: [record(2, 1, 1, authority)] });
    expect([wrong.sent, resultOf(wrong, 'tlsa')]).toEqual([0, 'certificate-host-mismatch']);
    // RFC 7672 §3.2.2: the domain that the mail is for will do.
    const domain = hostCertificate({ name: 'there.example', hosts: ['there.example'] });
    const done = await attempt({ certificate: chainOf(domain, authority), tlsa: [record(2, 1, 1, authority)] });
    expect(done.sent).toBe(1);
  });

  it('believes no chain whose certificates did not issue each other', async () => {
    const forged = testCertificate({ name: 'mx.there.example', hosts: ['mx.there.example'] });
    const done = await attempt({ certificate: chainOf(forged, authority), tlsa: [record(2, 1, 1, authority)] });
    expect(done.sent).toBe(0);
    // Issued by a certificate that is no authority's.
    const misused = hostCertificate({ issuer: hostCertificate() });
    expect(await attempt({ certificate: chainOf(misused), tlsa: [record(2, 0, 1, hostCertificate())] })).toMatchObject({
      sent: 0,
    });
  });

  it('is content with any certificate when no record can be used, but not without TLS', async () => {
    const tlsa = [record(0, 0, 1, authority), record(3, 1, 7, authority)];
    const done = await attempt({ certificate: chainOf(testCertificate({ name: 'self' })), tlsa });
    expect([done.sent, resultOf(done, 'tlsa')]).toEqual([1, 'tlsa-invalid']);
    expect(await attempt({ tlsa })).toMatchObject({ sent: 0 });
  });

  it('is held to over one family of addresses, too', async () => {
    const tlsa = [record(3, 1, 1, hostCertificate())];
    const routeFor: RouteFor = () => ({ kind: 'direct', family: 'ipv4' });
    expect(await attempt({ certificate: chainOf(hostCertificate()), tlsa, routeFor })).toMatchObject({ sent: 0 });
  });

  it('waits while the TLSA records cannot be had, and takes no notice of those that DNSSEC does not show', async () => {
    const unknown = await attempt({ certificate: chainOf(hostCertificate()), tlsa: 'temporary' });
    expect([unknown.sent, unknown.left?.code, resultOf(unknown, 'tlsa')]).toEqual([0, 451, 'dnssec-invalid']);
    const insecure = await attempt({
      certificate: chainOf(hostCertificate()),
      tlsa: [record(3, 1, 1, hostCertificate())],
      authentic: false,
    });
    expect([insecure.sent, resultOf(insecure, 'tlsa')]).toEqual([1, undefined]);
  });
});

describe('MTA-STS', () => {
  const policy = { mode: 'enforce', mx: ['*.there.example'], maxAgeSeconds: 86_400 } as const;

  it('delivers to a host that the policy names, with a certificate of an authority', async () => {
    const done = await attempt({ certificate: chainOf(hostCertificate()), authentic: false, mtaSts: { policy } });
    expect([done.sent, resultOf(done, 'sts'), done.tls]).toEqual([1, 'success', 'mta-sts']);
  });

  it('delivers nothing to other hosts, other certificates, or in the clear', async () => {
    const cases: [Attempt, string][] = [
      [
        { certificate: chainOf(hostCertificate()), mtaSts: { policy: { ...policy, mx: ['mx.else.example'] } } },
        'validation-failure',
      ],
      [
        { certificate: chainOf(testCertificate({ name: 'self', hosts: ['mx.there.example'] })) },
        'certificate-not-trusted',
      ],
      [{ certificate: chainOf(hostCertificate({ hosts: ['mx.else.example'] })) }, 'certificate-host-mismatch'],
      [{ certificate: chainOf(hostCertificate({ validUntil: yesterday })) }, 'certificate-expired'],
      [{}, 'starttls-not-supported'],
    ];
    for (const [options, fault] of cases) {
      const done = await attempt({ authentic: false, mtaSts: { policy }, ...options });
      expect([done.sent, resultOf(done, 'sts')]).toEqual([0, fault]);
      expect(String(done.left?.code)).toMatch(/^4/);
    }
  });

  it('delivers all the same while the policy is being tested, and tells of it', async () => {
    const testing = { policy: { ...policy, mode: 'testing' } } as const;
    const self = chainOf(testCertificate({ name: 'self', hosts: ['mx.there.example'] }));
    const done = await attempt({ certificate: self, authentic: false, mtaSts: testing });
    expect([done.sent, resultOf(done, 'sts')]).toEqual([1, 'certificate-not-trusted']);
    const plain = await attempt({ authentic: false, mtaSts: testing });
    expect([plain.sent, resultOf(plain, 'sts'), plain.tls]).toEqual([1, 'starttls-not-supported', 'none']);
  });

  it('does not come before TLSA records', async () => {
    const mtaSts = { policy };
    const done = await attempt({ certificate: chainOf(hostCertificate()), tlsa: [record(3, 1, 1, authority)], mtaSts });
    expect(done.sent).toBe(0);
  });

  it('tells of a policy that could not be had', async () => {
    const fault = { type: 'sts-policy-fetch-error', detail: 'the host answers 404' } as const;
    const done = await attempt({ authentic: false, mtaSts: { fault } });
    expect([done.sent, resultOf(done, 'sts')]).toEqual([1, 'sts-policy-fetch-error']);
  });
});

describe('a message that requires TLS', () => {
  const message = { requireTls: true } as const;
  const extensions = ['REQUIRETLS'];

  it('goes to a server that DANE, MTA-STS, or DNSSEC with an authority shows to be the right one, with its wish', async () => {
    const own = hostCertificate();
    const policy = { mode: 'testing', mx: ['mx.there.example'], maxAgeSeconds: 86_400 } as const;
    const ways: Attempt[] = [
      { tlsa: [record(3, 1, 1, own)] },
      { mtaSts: { policy }, authentic: false },
      { mtaSts: { policy: { ...policy, mode: 'enforce' } }, authentic: false },
      {},
    ];
    for (const way of ways) {
      const done = await attempt({ certificate: chainOf(own), message, extensions, ...way });
      expect(done.mail).toContain(' REQUIRETLS');
    }
  });

  it('comes back when nothing shows which servers are the right ones, or they do not pass the wish on', async () => {
    const certificate = chainOf(hostCertificate());
    const ways: Attempt[] = [
      { certificate, authentic: false, extensions },
      { certificate, extensions: [] },
      { extensions },
    ];
    for (const way of ways) {
      const done = await attempt({ message, ...way });
      expect(done).toMatchObject({ sent: 0, left: undefined, bounced: 1 });
    }
  });

  it('waits when the certificate is not the right one', async () => {
    const self = chainOf(testCertificate({ name: 'self', hosts: ['mx.there.example'] }));
    expect(await attempt({ certificate: self, message, extensions })).toMatchObject({ sent: 0, left: { code: 454 } });
  });
});

describe('TLS-Required: No', () => {
  const content = 'Subject: Certificate out of date\r\nTLS-Required: No\r\n\r\nYours is.\r\n';

  it('has a message delivered whatever the domain has published', async () => {
    const policy = { mode: 'enforce', mx: ['mx.else.example'], maxAgeSeconds: 86_400 } as const;
    const tlsa = [record(3, 1, 1, authority)];
    expect(await attempt({ content, tlsa, mtaSts: { policy } })).toMatchObject({ sent: 1, results: [] });
  });

  it('yields to REQUIRETLS', async () => {
    expect(await attempt({ content, message: { requireTls: true } })).toMatchObject({ sent: 0 });
  });
});
