import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZoneResolver } from '../../dns/zone-fixture.ts';
import { verifySignatures } from '../verify-signatures.ts';
import type { ArcVerdict } from './arc-verify.ts';
import { keyRecord, type SealOptions, sealMessage } from './seal-fixture.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ed25519 = generateKeyPairSync('ed25519');

function zone(records: Record<string, string> = {}): ZoneResolver {
  const resolver = new ZoneResolver();
  const all = {
    'a._domainkey.lists.example': keyRecord(rsa.publicKey),
    'a._domainkey.relay.example': keyRecord(ed25519.publicKey),
    ...records,
  };
  for (const [name, record] of Object.entries(all)) resolver.add(name, 'TXT', record);
  return resolver;
}

const plain = 'From: me@example.org\r\nTo: you@example.net\r\nSubject: a\r\n\tb\r\n\r\nHello \t world \r\n\r\n\r\n';
const results = 'lists.example; spf=pass smtp.mailfrom=me@example.org; dmarc=pass header.from=example.org';

function list(message: string, options: Partial<SealOptions> = {}): string {
  return sealMessage(message, { domain: 'lists.example', key: rsa.privateKey, results, ...options });
}

function relay(message: string, options: Partial<SealOptions> = {}): string {
  const authentication = 'relay.example; arc=pass; dmarc=fail header.from=example.org';
  return sealMessage(message, {
    domain: 'relay.example',
    key: ed25519.privateKey,
    results: authentication,
    ...options,
  });
}

async function verdict(message: string, resolver = zone(), size = 7, now = 0): Promise<ArcVerdict> {
  const content = (async function* () {
    const bytes = Buffer.from(message, 'latin1');
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  })();
  return (await verifySignatures(content, { resolver, now, signal: new AbortController().signal })).arc;
}

async function problem(message: string, resolver?: ZoneResolver, size?: number): Promise<string> {
  const { result, problem: why } = await verdict(message, resolver, size);
  return `${result}: ${why}`;
}

/** Replaces a tag before the field is signed. */
function retag(field: 'ARC-Message-Signature' | 'ARC-Seal', from: string | RegExp, to: string): Partial<SealOptions> {
  return { change: (name, value) => (name === field ? value.replace(from, to) : value) };
}

describe('ARC verification', () => {
  it('passes chains of one and of several servers, however they are cut', async () => {
    expect(await verdict(plain)).toEqual({ result: 'none', sealers: [] });
    expect(await verdict('')).toEqual({ result: 'none', sealers: [] });
    const once = list(plain);
    const twice = relay(`Received: from lists.example\r\n${once}`);
    for (const size of [1, 3, 64, 10_000]) {
      expect(await verdict(once, zone(), size)).toMatchObject({ result: 'pass', oldestPass: 0, signsAuthor: true });
      expect(await verdict(twice, zone(), size)).toMatchObject({ result: 'pass', oldestPass: 0 });
    }
    const { sealers } = await verdict(list(twice));
    expect(sealers.map(({ domain }) => domain)).toEqual(['lists.example', 'relay.example', 'lists.example']);
    expect(sealers[0]).toMatchObject({
      selector: 'a',
      authentication: {
        instance: 1,
        server: 'lists.example',
        results: [
          { method: 'spf', result: 'pass', properties: new Map([['smtp.mailfrom', 'me@example.org']]) },
          { method: 'dmarc', result: 'pass', properties: new Map([['header.from', 'example.org']]) },
        ],
      },
    });
  });

  it('says since which server nothing was changed', async () => {
    const changed = list(plain).replace('Subject: a', 'Subject: [list] a');
    expect(await verdict(changed)).toMatchObject({
      result: 'fail',
      problem: 'the signature 1: the header was changed, or the key is another one',
    });
    expect(await verdict(relay(changed))).toMatchObject({ result: 'pass', oldestPass: 2 });
    const again = relay(relay(changed));
    expect(await verdict(again)).toMatchObject({ result: 'pass', oldestPass: 2 });
    expect(await verdict(relay(again.replace('world', 'Welt')))).toMatchObject({ result: 'pass', oldestPass: 4 });
    const unread = zone();
    unread.fail('b._domainkey.lists.example');
    const sealed = relay(list(plain, retag('ARC-Message-Signature', 's=a', 's=b')));
    expect(await verdict(sealed, unread)).toMatchObject({ result: 'pass', oldestPass: 2 });
  });

  it('fails when anything sealed was changed', async () => {
    const chain = relay(list(plain));
    expect(await problem(chain.replace('dmarc=pass', 'dmarc=fail'))).toMatch(/^fail: the seal [12]: what it seals was/);
    expect(await problem(chain.replace('cv=pass;\r\n b=', 'cv=pass;\r\n b=AA'))).toMatch(/^fail: the seal 2: /);
    expect(await problem(chain.replace('cv=none;\r\n b=', 'cv=none;\r\n b=AA'))).toMatch(/^fail: the seal [12]: /);
    expect(await problem(chain.replace('Hello', 'Pay me'))).toBe(
      'fail: the signature 2: the body was changed: its hash is another one',
    );
    expect(await problem(chain.replace('me@example.org\r\nTo', 'you@example.org\r\nTo'))).toMatch(
      /^fail: the signature 2: the header/,
    );
    // Each set once more, and all but one.
    const fields = chain.slice(0, chain.indexOf('From:')).match(/[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*/g) ?? [];
    expect(fields).toHaveLength(6);
    for (const field of fields) {
      expect(await problem(field + chain)).toMatch(/^fail: the set [12] has two fields arc-/);
      expect(await problem(chain.replace(field, ''))).toMatch(/^fail: /);
    }
    const [seal2 = '', message2 = '', results2 = ''] = fields;
    expect((await verdict(chain.replace(seal2 + message2 + results2, ''))).result).toBe('pass');
    const [seal1 = '', message1 = '', results1 = ''] = fields.slice(3);
    expect(await problem(chain.replace(seal1 + message1 + results1, ''))).toBe('fail: the set 1 is not complete');
  });

  it('fails when the servers before say that it does, or do not say what they should', async () => {
    expect(await problem(list(plain, { chain: 'fail' }))).toBe('fail: a server before found that it fails');
    expect(await problem(relay(list(plain), { chain: 'fail' }))).toBe('fail: a server before found that it fails');
    expect(await problem(list(plain, { chain: 'pass' }))).toBe('fail: the seal 1 says "pass" of the sets before');
    expect(await problem(relay(list(plain), { chain: 'none' }))).toBe(
      'fail: the seal 2 says "none" of the sets before',
    );
    expect(await problem(relay(list(plain, { chain: 'fail' })))).toBe(
      'fail: the seal 1 says "fail" of the sets before',
    );
    expect(await problem(list(plain, { chain: '' }))).toMatch(/^fail: it can not be read: the tag "cv" is missing/);
  });

  it('is strict with the tags of seals and signatures', async () => {
    const bad: [SealOptions['change'] | undefined, RegExp][] = [
      [retag('ARC-Seal', 'cv=', 'h=from; cv=').change, /a seal has no tag "h"/],
      [retag('ARC-Seal', 'i=1', 'i=0').change, /there are 50 sets at most/],
      [retag('ARC-Seal', 'i=1; ', '').change, /the tag "i" is missing/],
      [retag('ARC-Seal', 'i=1', 'i=one').change, /the tag "i" is no number/],
      [retag('ARC-Seal', 'i=1', 'i=51').change, /there are 50 sets at most/],
      [retag('ARC-Seal', 't=1700000000', 't=').change, /the tag "t" is no number/],
      [retag('ARC-Seal', 'a=rsa-sha256', 'a=rsa-sha1').change, /the seal 1: rsa-sha1 is not secure/],
      [retag('ARC-Seal', 'cv=', 'd=lists.example; cv=').change, /the tag "d" is there twice/],
      [retag('ARC-Seal', 'd=lists.example', 'd=').change, /the tag "d" is missing/],
      [retag('ARC-Message-Signature', 'h=from', 'h=arc-seal:from').change, /the seal is signed/],
      [retag('ARC-Message-Signature', 'c=relaxed/relaxed', 'c=loose').change, /"loose" is no canonical form/],
      [retag('ARC-Message-Signature', 'a=rsa-sha256', 'a=rot13').change, /the signature 1: the algorithm "rot13"/],
      [retag('ARC-Message-Signature', 't=', 'x=1; t=').change, /the signature 1: it has expired/],
      [(name, value) => (name.endsWith('Results') ? value.replace('i=1', 'I=1') : value), /no number of their set/],
      [(name, value) => (name.endsWith('Results') ? value.replace('i=1; ', '') : value), /no number of their set/],
      [(name, value) => (name.endsWith('Results') ? value.replace('i=1;', 'i=1') : value), /no number of their set/],
    ];
    for (const [change, expected] of bad) {
      const { result, problem: why } = await verdict(list(plain, { change }), zone(), 1000, Date.UTC(2026, 0, 1));
      expect({ result, why }, `${expected}`).toEqual({ result: 'fail', why: expect.stringMatching(expected) });
    }
    const good = [
      retag('ARC-Message-Signature', 'i=1;', 'v=1; i=1; other=x;'),
      retag('ARC-Message-Signature', ' c=relaxed/relaxed;', ''),
      retag('ARC-Seal', 't=1700000000', 'other = x '),
      { signed: ['from', 'x-missing', 'from'] },
      { change: (name: string, value: string) => (name.endsWith('Results') ? `(a ; i=2) ${value}` : value) },
    ];
    for (const options of good) expect(await verdict(list(plain, options))).toMatchObject({ result: 'pass' });
    expect(await verdict(list(plain, { signed: ['to'] }))).toMatchObject({ result: 'pass', signsAuthor: false });
    const small: KeyObject = generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey;
    expect(await problem(list(plain, { key: small }), zone())).toMatch(/^fail: /);
  });

  it('knows a key that is missing from one that cannot be asked for now', async () => {
    const chain = relay(list(plain));
    const missing = new ZoneResolver();
    expect(await problem(chain, missing)).toBe('fail: the signature 2: there is no key');
    const half = new ZoneResolver();
    half.add('a._domainkey.relay.example', 'TXT', keyRecord(ed25519.publicKey));
    expect(await problem(chain, half)).toBe('fail: the seal 1: there is no key');
    half.fail('a._domainkey.lists.example');
    const later = await verdict(chain, half);
    expect(later).toMatchObject({ result: 'temperror', problem: expect.stringContaining('no server answers') });
    expect(later.sealers.map(({ domain }) => domain)).toEqual(['lists.example', 'relay.example']);
    // What is certain counts more than what is not.
    expect(await verdict(chain.replace('cv=pass;\r\n b=', 'cv=pass;\r\n b=AA'), half)).toMatchObject({
      result: 'fail',
    });
  });

  it('takes 50 sets and no more, and asks for no more than one key when the message was changed', async () => {
    let chain = list(plain);
    for (let set = 2; set <= 50; set++) chain = relay(chain);
    expect(await verdict(chain, zone(), 4096)).toMatchObject({ result: 'pass', oldestPass: 41 });
    expect(await problem(relay(chain), zone(), 4096)).toMatch(/^fail: it can not be read: there are 50 sets at most/);
    const asked: string[] = [];
    const resolver = zone();
    const counting = Object.assign(new ZoneResolver(), {
      txt(name: string) {
        asked.push(name);
        return resolver.txt(name);
      },
    });
    expect(await problem(chain.replace('Hello', 'Bye'), counting, 4096)).toMatch(/^fail: the signature 50: the body/);
    expect(asked).toEqual(['a._domainkey.relay.example']);
    const long = list(plain, { results: `lists.example; x=(${'y'.repeat(300_000)}) pass` });
    expect(await problem(long, zone(), 4096)).toBe('fail: its fields are too long');
  });

  it('is never broken, or made to pass, by what a stranger writes', async () => {
    const piece = fc.constantFrom(
      ...['ARC-Seal:', 'ARC-Message-Signature:', 'ARC-Authentication-Results:', 'i=1;', 'i=2;', 'cv=none;', 'cv=pass;'],
      ...['a=rsa-sha256;', 'b=AAAA;', 'bh=AA==;', 'd=lists.example;', 's=a;', 'h=from;', 'c=', 'l=9;', '\r\n', '\r\n '],
      ...['dmarc=pass', '(', ')', '"', '\\', ...' ;=:/\t'],
    );
    const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(text, async (parts) => {
        const { result } = await verdict(`${parts.join('').replace(/\r\n(?=\r\n|$)/g, '')}\r\n${plain}`);
        expect(result).not.toBe('pass');
      }),
      { numRuns: 500 },
    );
    // Any letter of what is sealed or signed.
    const chain = relay(list(plain));
    await fc.assert(
      fc.asyncProperty(fc.nat(chain.length - 1), async (at) => {
        fc.pre(/[A-Za-z0-9]/.test(chain[at]!));
        const other = chain[at] === 'Q' ? 'w' : 'Q';
        const forged = `${chain.slice(0, at)}${other}${chain.slice(at + 1)}`;
        // Names of fields may have any case, and the last letters of base64 have bits that say nothing.
        fc.pre(forged.toLowerCase() !== chain.toLowerCase() && !/^[A-Za-z0-9]?=*\r\n/.test(chain.slice(at)));
        expect((await verdict(forged)).result, forged).not.toBe('pass');
      }),
      { numRuns: 300 },
    );
  });
});
