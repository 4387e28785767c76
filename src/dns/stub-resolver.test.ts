import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DnsServer, type Misbehaviour, type Zone } from '../../tests/harness/dns-server.ts';
import { StubResolver } from './stub-resolver.ts';

const certificate = Buffer.alloc(32, 9);
const makeZone = (): Zone => ({
  'example.org': {
    MX: [
      { preference: 10, exchange: 'MX1.example.org' },
      { preference: 20, exchange: 'mx2.example.org' },
    ],
    TXT: [['v=spf1 ', '-all'], 'other'],
    NS: ['ns.example.org'],
    A: ['192.0.2.1', '192.0.2.2'],
    SOA: [{ mname: 'ns.x', rname: 'me.x', serial: 5, refresh: 1, retry: 2, expire: 3, minimum: 4 }],
  },
  'mx1.example.org': { A: ['192.0.2.3'], AAAA: ['2001:db8::3'] },
  '_25._tcp.mx1.example.org': { TLSA: [{ usage: 3, selector: 1, matchingType: 1, certificate }] },
  '3.2.0.192.in-addr.arpa': { PTR: ['MX1.Example.org'] },
  'null.example': { MX: [{ preference: 0, exchange: '.' }] },
  'alias.example': { CNAME: ['second.example'] },
  'second.example': { CNAME: ['example.org'] },
  'dangling.example': { CNAME: ['nowhere.example'] },
  'loop.example': { CNAME: ['pool.example'] },
  'pool.example': { CNAME: ['loop.example'] },
});

let server: DnsServer;
let now: number;
let resolver: StubResolver;

const open = (options: { servers?: string[]; trustAuthentic?: boolean; rounds?: number; timeoutMs?: number } = {}) =>
  StubResolver.open({ servers: [server.address], clock: { now: () => now }, timeoutMs: 3_000, ...options });

beforeEach(async () => {
  server = await DnsServer.start(makeZone());
  now = 1_000_000;
  resolver = await open();
});

afterEach(() => server[Symbol.asyncDispose]());

describe('StubResolver', () => {
  it('looks up records of each type', async () => {
    expect((await resolver.mx('Example.org.')).records).toEqual([
      { preference: 10, exchange: 'mx1.example.org' },
      { preference: 20, exchange: 'mx2.example.org' },
    ]);
    expect((await resolver.a('example.org')).records).toEqual(['192.0.2.1', '192.0.2.2']);
    expect((await resolver.aaaa('mx1.example.org')).records).toEqual(['2001:db8::3']);
    expect((await resolver.txt('example.org')).records).toEqual(['v=spf1 -all', 'other']);
    expect((await resolver.ns('example.org')).records).toEqual(['ns.example.org']);
    expect((await resolver.soa('example.org')).records).toMatchObject([{ serial: 5, minimum: 4 }]);
    expect((await resolver.ptr('192.0.2.3')).records).toEqual(['mx1.example.org']);
    expect((await resolver.tlsa('_25._tcp.mx1.example.org')).records).toEqual([
      { usage: 3, selector: 1, matchingType: 1, certificate },
    ]);
    expect((await resolver.mx('null.example')).records).toEqual([{ preference: 0, exchange: '.' }]);
  });

  it('tells a name that does not exist from one without such records', async () => {
    await expect(resolver.a('missing.example')).rejects.toMatchObject({ kind: 'nxdomain', code: 'dns-nxdomain' });
    await expect(resolver.aaaa('example.org')).rejects.toMatchObject({ kind: 'nodata' });
    await expect(resolver.a('no..name')).rejects.toMatchObject({ kind: 'nxdomain' });
    expect(server.queries).toHaveLength(2);
  });

  it('follows aliases, in one answer or several, and gives up at loops', async () => {
    expect(await resolver.a('alias.example')).toMatchObject({
      records: ['192.0.2.1', '192.0.2.2'],
      canonicalName: 'example.org',
    });
    await expect(resolver.a('dangling.example')).rejects.toMatchObject({ kind: 'nxdomain' });
    await expect(resolver.aaaa('alias.example')).rejects.toMatchObject({ kind: 'nodata' });
    await expect(resolver.a('loop.example')).rejects.toMatchObject({ kind: 'temporary' });
  });

  it('reports what DNSSEC validated, for each step, only from resolvers that are trusted with it', async () => {
    server.authentic = (name) => name !== 'second.example';
    expect((await resolver.mx('example.org')).authentic).toBe(true);
    expect((await resolver.a('alias.example')).authentic).toBe(false);
    await expect(resolver.a('missing.example')).rejects.toMatchObject({ authentic: true });
    const distrusting = await open({ trustAuthentic: false });
    expect((await distrusting.mx('example.org')).authentic).toBe(false);
  });

  it('remembers answers and absences for as long as they say', async () => {
    for (let i = 0; i < 3; i++) {
      expect(await resolver.a('example.org')).toMatchObject({ ttlSeconds: 300 - i * 100 });
      await expect(resolver.a('missing.example')).rejects.toMatchObject({ kind: 'nxdomain' });
      now += 100_000;
    }
    // The absence counts for the 60 seconds of the SOA.
    expect(server.queries.map((query) => query.name)).toEqual([
      'example.org',
      'missing.example',
      'missing.example',
      'missing.example',
    ]);
    server.zone = {};
    await expect(resolver.a('example.org')).rejects.toMatchObject({ kind: 'nxdomain' });
  });

  it('remembers a limited number of answers, those used last', async () => {
    const small = new StubResolver({
      servers: [{ address: '127.0.0.1', port: Number(server.address.split(':')[1]) }],
      trustAuthentic: true,
      clock: { now: () => now },
      cacheEntries: 2,
    });
    for (const name of ['example.org', 'mx1.example.org', 'example.org', 'alias.example', 'example.org'])
      await small.a(name);
    await small.a('mx1.example.org');
    expect(server.queries.map((query) => query.name)).toEqual([
      'example.org',
      'mx1.example.org',
      'alias.example',
      'mx1.example.org',
    ]);
  });

  it('asks once for many callers', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => resolver.a('example.org')));
    expect(answers).toHaveLength(20);
    expect(server.queries).toHaveLength(1);
  });

  it('asks over TCP when the answer does not fit', async () => {
    server.misbehave = () => 'truncate';
    expect((await resolver.a('example.org')).records).toHaveLength(2);
    expect(server.queries.map((query) => query.transport)).toEqual(['udp', 'tcp']);
  });

  it('asks without EDNS when the server does not know it', async () => {
    server.misbehave = (query) => (query.edns ? 'formerr' : undefined);
    expect((await resolver.a('example.org')).records).toHaveLength(2);
  });

  it('calls servers that do not answer, or not usably, a temporary failure', async () => {
    const impatient = await StubResolver.open({
      servers: [server.address],
      clock: { now: () => now },
      timeoutMs: 30,
      rounds: 2,
    });
    const kinds: Misbehaviour[] = ['servfail', 'refused', 'silence', 'wrong-id', 'wrong-question', 'garbage'];
    for (const misbehaviour of kinds) {
      server.misbehave = () => misbehaviour;
      await expect(impatient.a('example.org')).rejects.toMatchObject({ kind: 'temporary' });
    }
    // And doesn't remember it.
    server.misbehave = () => undefined;
    expect((await impatient.a('example.org')).records).toHaveLength(2);
  });

  it('asks the next server when one fails, or nobody is there', async () => {
    const other = await DnsServer.start(makeZone());
    try {
      server.misbehave = () => 'servfail';
      const both = await open({ servers: ['127.0.0.1:9', server.address, other.address], rounds: 1 });
      expect((await both.a('example.org')).records).toHaveLength(2);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  it('lets a caller give up without failing the others', async () => {
    server.misbehave = (query) => (server.queries.length === 1 ? 'silence' : query && undefined);
    const controller = new AbortController();
    const shared = await open({ timeoutMs: 200 });
    const impatient = shared.a('example.org', controller.signal);
    const patient = shared.a('example.org');
    controller.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    expect((await patient).records).toHaveLength(2);
    await expect(shared.a('example.org', controller.signal)).rejects.toThrow('enough');
  });

  it('knows localhost by itself', async () => {
    expect((await resolver.a('localhost')).records).toEqual(['127.0.0.1']);
    expect((await resolver.aaaa('LOCALHOST.')).records).toEqual(['::1']);
    await expect(resolver.mx('localhost')).rejects.toMatchObject({ kind: 'nodata' });
    expect(server.queries).toHaveLength(0);
  });
});
