import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dkimFault, publicDkimKey } from './dkim-fault.ts';
import { dkimSign } from './dkim-sign.ts';
import { RelaxedBodyHash } from './relaxed-body-hash.ts';
import type { DkimSigner } from './sign-text.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const domain = 'football.example.com';
const signers: DkimSigner[] = [
  { domain, selector: 'a', key: rsa.privateKey },
  { domain, selector: 'b', key: ed25519.privateKey },
];
const now = Date.parse('2026-01-05T10:00:00Z');

/** RFC 8463 §A.3. */
const example = `From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`.replaceAll('\n', '\r\n');
const exampleSignatures = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
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
`.replaceAll('\n', '\r\n');

async function* pieces(text: string, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function signed(message: string, size?: number): Promise<string> {
  return (await dkimSign(pieces(message, size), async () => signers, now)) + message;
}

describe('DKIM', () => {
  it('knows the signatures of RFC 8463, so that the other tests say something', () => {
    const ed = publicDkimKey('ed25519', '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=');
    expect(dkimFault(exampleSignatures + example, ed)).toBeUndefined();
    const changed = exampleSignatures + example.replace('hungry', 'thirsty');
    expect(dkimFault(changed, ed)).toMatch(/^body hash is/);
    expect(dkimFault(exampleSignatures + example.replace('Suzie', 'Susan'), ed)).toMatch(/^signature/);
  });

  it('signs with RSA and with Ed25519, each over all but the other', async () => {
    const message = await signed(example);
    expect(dkimFault(message, rsa.publicKey, 0)).toBeUndefined();
    expect(dkimFault(message, createPublicKey(ed25519.privateKey), 1)).toBeUndefined();
    expect(message).toMatch(
      /^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed;\r\n\td=football\.example\.com;\r\n\ts=a; t=1767607200;\r\n\th=from:from:to:to:cc:subject:subject:date:date:/,
    );
    expect(message).toContain('bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;');
    for (const line of message.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
  });

  it('does not stand another From, Subject or Cc that is put in', async () => {
    const message = await signed(example);
    for (const field of ['From: Eve <eve@evil.example>', 'Subject: Other', 'Cc: x@y.example']) {
      expect(dkimFault(`${field}\r\n${message}`, rsa.publicKey), field).toMatch(/^signature/);
    }
    expect(dkimFault(`Received: from there\r\n${message}`, rsa.publicKey)).toBeUndefined();
  });

  it('stands what relays do to blanks and folding', async () => {
    const message = await signed(example);
    const changed = message
      .replace('Subject: Is dinner', 'SUBJECT:   Is\r\n\t dinner')
      .replace('Joe.\r\n', 'Joe. \t \r\n\r\n \r\n')
      .replace('game.  Are', 'game. \t Are');
    expect(dkimFault(changed, rsa.publicKey)).toBeUndefined();
  });

  it('signs fields that are there several times, and bytes that are not ASCII', async () => {
    const fields = 'Resent-To: a@x.example\r\nResent-To: b@x.example\r\nReply-To: b\u00fccher <b@x.example>\r\n';
    const message = await signed(`${fields}${example}`, 1);
    expect(dkimFault(message, rsa.publicKey)).toBeUndefined();
    expect(message).toContain('resent-to:resent-to');
    expect(dkimFault(message.replace('a@x', 'c@x'), rsa.publicKey)).toMatch(/^signature/);
  });

  it('signs for the domain of the author, and reads no further when nobody signs for it', async () => {
    const asked: string[] = [];
    let read = 0;
    const content = async function* (): AsyncGenerator<Buffer> {
      for await (const piece of pieces(`From: "x" <x@B\u00dcCHER.example>\r\n\r\n${'text\r\n'.repeat(1000)}`, 64)) {
        read++;
        yield piece;
      }
    };
    const ask = async (name: string): Promise<DkimSigner[]> => {
      asked.push(name);
      return [];
    };
    expect(await dkimSign(content(), ask, now)).toBe('');
    expect(await dkimSign(pieces('From: me@Here.example\r\nSubject: x\r\n'), ask, now)).toBe('');
    expect(await dkimSign(pieces('\r\nno header'), ask, now)).toBe('');
    expect(await dkimSign(pieces(''), ask, now)).toBe('');
    expect(asked.slice(1)).toEqual(['here.example', '', '']);
    expect(read).toBe(1);
  });

  it('refuses a header without end', async () => {
    await expect(dkimSign(pieces('x'.repeat(2_000_000), 65_536), async () => signers, now)).rejects.toMatchObject({
      code: 'cannot-sign',
    });
  });
});

describe('the canonical body', () => {
  const hashOf = (text: string): string => createHash('sha256').update(text, 'latin1').digest('base64');
  const canonicalHash = (text: string, cut = text.length): string => {
    const hash = new RelaxedBodyHash();
    hash.update(Buffer.from(text.slice(0, cut), 'latin1'));
    hash.update(Buffer.from(text.slice(cut), 'latin1'));
    return hash.digest();
  };

  it('is that of RFC 6376 §3.4.5, and of bodies that are empty', () => {
    expect(canonicalHash(' C \r\nD \t E\r\n\r\n\r\n')).toBe(hashOf(' C\r\nD E\r\n'));
    for (const text of ['', '\r\n', ' \t\r\n\r\n  ']) expect(canonicalHash(text)).toBe(hashOf(''));
    expect(canonicalHash('x\ry\nz\r')).toBe(hashOf('x\ry\nz\r\r\n'));
    expect(canonicalHash(`${'\r\n'.repeat(2000)}x`)).toBe(hashOf(`${'\r\n'.repeat(2000)}x\r\n`));
  });

  it('is the same however the body is cut', () => {
    const part = fc.constantFrom('a', 'bc', ' ', '\t', '\r\n', '\r\n', '\r', '\n', '\u00ff');
    const body = fc.array(part, { maxLength: 60 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(body, fc.nat(80), (text, cut) => {
        const plain = text
          .replace(/[ \t]+(?=\r\n)|[ \t]+$/g, '')
          .replace(/[ \t]+/g, ' ')
          .replace(/(?:\r\n)*$/, '\r\n');
        expect(canonicalHash(text, Math.min(cut, text.length))).toBe(hashOf(plain === '\r\n' ? '' : plain));
      }),
      { numRuns: 2000 },
    );
  });
});
