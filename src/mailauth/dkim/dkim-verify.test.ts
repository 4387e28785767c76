import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZoneResolver } from '../../dns/zone-fixture.ts';
import { dkimSign } from './dkim-sign.ts';
import { dkimVerify } from './dkim-verify.ts';
import type { SignatureOptions } from './signed-message.ts';

/** RFC 8463 appendix A.3. */
const vector = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`.replaceAll('\n', '\r\n');

const vectorKeys = {
  brisbane: 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  test: 'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
};

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');

function recordOf(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  if (key.asymmetricKeyType === 'rsa') return `v=DKIM1; p=${der.toString('base64')}`;
  return `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`;
}

function zone(records: Record<string, string>): ZoneResolver {
  const resolver = new ZoneResolver();
  for (const [name, record] of Object.entries(records)) resolver.add(name, 'TXT', record);
  return resolver;
}

const ourZone = {
  'r._domainkey.example.org': recordOf(rsa.publicKey),
  'e._domainkey.example.org': recordOf(ed25519.publicKey),
};

async function* pieces(text: string, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function verdicts(text: string, resolver: SignatureOptions['resolver'], size?: number) {
  const options = { resolver, now: Date.UTC(2026, 10, 26), signal: new AbortController().signal };
  return await dkimVerify(pieces(text, size), options);
}

async function results(text: string, resolver: SignatureOptions['resolver'], size?: number): Promise<string[]> {
  return (await verdicts(text, resolver, size)).map(({ result }) => result);
}

const plain = 'From: me@example.org\r\nSubject: a\r\n\tb\r\nTo: you@example.net\r\n\r\nHello \t world \r\n\r\n\r\n';

/** Signs the plain way, with the whole message in memory: so that verifying isn't judged by its own code. */
function signPlainly(message: string, tags: string, { headerSimple = true, bodySimple = true } = {}): string {
  const split = message.indexOf('\r\n\r\n');
  const fields = `${message.slice(0, split)}\r\n`.match(/[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*/g) ?? [];
  let body = message.slice(split + 4);
  if (!bodySimple) body = body.replace(/[ \t]+\r\n/g, '\r\n').replace(/[ \t]+/g, ' ');
  body = body.replace(/(?:\r\n)*$/, '');
  body = body === '' && !bodySimple ? '' : `${body}\r\n`;
  const length = /l=(\d+)/.exec(tags)?.[1];
  if (length !== undefined) body = body.slice(0, Number(length));
  const relax = (field: string): string => {
    const [name = '', ...value] = field.replaceAll(/\r\n(?=[ \t])/g, '').split(':');
    return `${name.trim().toLowerCase()}:${value
      .join(':')
      .replaceAll(/[ \t]+/g, ' ')
      .trim()}\r\n`;
  };
  const form = headerSimple ? (field: string) => field : relax;
  const hash = createHash('sha256').update(body, 'latin1').digest('base64');
  const names = ['from', 'subject', 'subject'];
  const own = `DKIM-Signature: v=1; ${tags}; d=example.org; s=r;\r\n a=rsa-sha256; h=From:Subject:Subject; bh=${hash}; b=`;
  const unused = fields.toReversed();
  let signed = '';
  for (const name of names) {
    const at = unused.findIndex((field) => field.toLowerCase().startsWith(`${name}:`));
    if (at !== -1) signed += form(unused.splice(at, 1)[0]!);
  }
  signed += form(`${own}\r\n`).replace(/\r\n$/, '');
  return `${own}${sign('sha256', Buffer.from(signed, 'latin1'), rsa.privateKey).toString('base64')}\r\n${message}`;
}

describe('DKIM verification', () => {
  it('passes the message of RFC 8463, however it is cut', async () => {
    const resolver = zone({
      'brisbane._domainkey.football.example.com': vectorKeys.brisbane,
      'test._domainkey.football.example.com': vectorKeys.test,
    });
    for (const size of [1, 2, 3, 64, 10_000]) expect(await results(vector, resolver, size)).toEqual(['pass', 'pass']);
    expect(await verdicts(vector.replace('hungry', 'angry'), resolver)).toMatchObject([
      { result: 'fail', problem: 'the body was changed: its hash is another one' },
      { result: 'fail' },
    ]);
    expect(await results(vector.replace('dinner', 'lunch'), resolver)).toEqual(['fail', 'fail']);
    expect(await results(`X-Other: field\r\n${vector}`, resolver)).toEqual(['pass', 'pass']);
    // Signed once more than they are there, they can't be added.
    expect(await results(`Subject: another\r\n${vector}`, resolver)).toEqual(['fail', 'fail']);
    expect(await results(vector.replace('\r\nSubject:', '\r\nSubject: another\r\nSubject:'), resolver)).toEqual([
      'fail',
      'fail',
    ]);
  });

  it('passes what is signed here, whatever the message is, and nothing that was changed', async () => {
    const line = fc.string({ unit: fc.constantFrom(...'ab :\t=;é'), maxLength: 12 });
    const resolver = zone(ourZone);
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 8 }),
        fc.nat(),
        fc.integer({ min: 1, max: 40 }),
        async (lines, at, size) => {
          const message = `From: me@example.org\r\nSubject: ${lines.join('')}x\r\n\r\n${lines.join('\r\n')}y`;
          const signers = [
            { domain: 'example.org', selector: 'r', key: rsa.privateKey },
            { domain: 'example.org', selector: 'e', key: ed25519.privateKey },
          ];
          const signed = (await dkimSign(pieces(message), async () => signers, 0)) + message;
          expect(await results(signed, resolver, size)).toEqual(['pass', 'pass']);
          // A letter of the message, not a blank, which need not count.
          const letters = [...message.matchAll(/[a-z@]/g)].map(({ index }) => signed.length - message.length + index);
          const changed = letters[at % letters.length]!;
          const forged = `${signed.slice(0, changed)}${signed[changed] === 'q' ? 'z' : 'q'}${signed.slice(changed + 1)}`;
          expect(await results(forged, resolver, size)).not.toContain('pass');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('knows both forms of header and body, and bodies that go on after what is signed', async () => {
    const resolver = zone(ourZone);
    for (const [headerSimple, bodySimple] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const form = `c=${headerSimple ? 'simple' : 'relaxed'}/${bodySimple ? 'simple' : 'relaxed'}`;
      for (const body of [
        '',
        '\r\n',
        '\r\n\r\n',
        'a\r\n\r\n',
        ' \t \r\nb  c\r\n',
        'end',
        '\rx\r\r\n',
        'a\r',
        'a\r\n\r',
      ]) {
        const message = plain.slice(0, plain.indexOf('\r\n\r\n') + 4) + body;
        const signed = signPlainly(message, form, { headerSimple, bodySimple });
        for (const size of [1, 2, 5, 1000]) {
          expect(await verdicts(signed, resolver, size), `${form} ${JSON.stringify(body)}`).toMatchObject([
            { result: 'pass' },
          ]);
        }
      }
    }
    const part = signPlainly(plain, 'c=simple/simple; l=5');
    expect(await verdicts(part, resolver)).toMatchObject([
      { result: 'policy', problem: 'the body goes on after what was signed' },
    ]);
    const whole = signPlainly('From: a@b\r\n\r\n12345\r\n', 'c=simple/simple; l=7');
    expect(await results(whole, resolver)).toEqual(['pass']);
    expect(await results(`${whole}more`, resolver)).toEqual(['policy']);
  });

  it('says what is wrong with a signature or its key', async () => {
    const signed = signPlainly(plain, 'c=simple/simple');
    const one = async (text: string, record: string | undefined): Promise<unknown> => {
      const [verdict] = await verdicts(
        text,
        record === undefined ? zone({}) : zone({ 'r._domainkey.example.org': record }),
      );
      return `${verdict?.result}: ${verdict?.problem}`;
    };
    const key = ourZone['r._domainkey.example.org'];
    const small = recordOf(generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey);
    expect(await one(signed, key)).toBe('pass: undefined');
    expect(await one(signed, undefined)).toBe('permerror: there is no key');
    expect(await one(signed, 'v=DKIM1; p=')).toBe('permerror: the key was revoked');
    expect(await one(signed, small)).toBe('policy: an RSA key of 512 bits is not secure');
    expect(await one(signed, 'v=DKIM1; p=AAAA')).toMatch(/^permerror: the key is wrong: /);
    expect(await one(signed, `p=x; v=DKIM1`)).toMatch(/^permerror: the key is wrong: /);
    expect(await one(signed, `${key}; h=sha1`)).toBe('permerror: the key is not for SHA-256');
    expect(await one(signed, `${key}; s=other`)).toBe('permerror: the key is not for mail');
    expect(await one(signed, ourZone['e._domainkey.example.org'])).toBe('permerror: the key is of another type');
    expect(await one(signPlainly(plain, 'c=simple/simple; i=@sub.example.org'), key)).toBe('pass: undefined');
    expect(await one(signPlainly(plain, 'c=simple/simple; i=@sub.example.org'), `${key}; t=s`)).toMatch(/^permerror/);
    expect(await one(signPlainly(plain, 'c=simple/simple; i=@other.org'), key)).toMatch(/^neutral/);
    expect(await one(signPlainly(plain, 'c=simple/simple; x=1000'), key)).toBe('fail: it has expired');
    expect(await one(signed.replace('rsa-sha256', 'rsa-sha1'), key)).toBe('policy: rsa-sha1 is not secure');
    expect(await one(signed.replace('h=From:', 'h='), key)).toMatch(/^neutral: it can not be read: the field "From"/);
    expect(await one('DKIM-Signature: nothing\r\nFrom: a@b\r\n\r\n', key)).toMatch(/^neutral/);
    const failing = new ZoneResolver();
    failing.fail('r._domainkey.example.org');
    expect(await results(signed, failing)).toEqual(['temperror']);
    expect(await results(plain, zone({}))).toEqual([]);
  });

  it('looks at the first signatures only, and is never broken by what is in them', async () => {
    expect(await results(`${'DKIM-Signature: v=1\r\n'.repeat(50)}${plain}`, zone({}))).toHaveLength(10);
    const piece = fc.constantFrom(
      ...['v=1;', 'a=rsa-sha256;', 'b=', 'bh=AA==;', 'd=example.org;', 's=r;', 'h=from:x;', 'c=', 'l=9'],
      ...' ;=:/\t',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 20 }), async (parts) => {
        const text = `DKIM-Signature: ${parts.join('').replaceAll(/[\r\n]/g, '')}\r\n${plain}`;
        expect(await results(text, zone(ourZone))).not.toContain('pass');
      }),
    );
  });
});
