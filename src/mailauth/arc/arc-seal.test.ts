import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZoneResolver } from '../../dns/zone-fixture.ts';
import { verifySignatures } from '../verify-signatures.ts';
import { arcSeal } from './arc-seal.ts';
import type { ArcVerdict } from './arc-verify.ts';
import { keyRecord, sealMessage } from './seal-fixture.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ed25519 = generateKeyPairSync('ed25519');
const resolver = new ZoneResolver();
resolver.add('r._domainkey.lists.example', 'TXT', keyRecord(rsa.publicKey));
resolver.add('e._domainkey.lists.example', 'TXT', keyRecord(ed25519.publicKey));
const results = 'lists.example;\r\n\tspf=pass smtp.mailfrom=me@example.org;\r\n\tdmarc=pass header.from=example.org';
const plain = 'From: me@example.org\r\nSubject: a\r\n\tb\r\nDKIM-Signature: v=1\r\n\r\nHello \t world \r\n\r\n';

async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
  // The memory of a piece is used again for the next one, as some sources do.
  const memory = Buffer.alloc(size);
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(memory, 0, at, at + size);
    yield memory.subarray(0, length);
  }
}

async function verdict(message: string): Promise<ArcVerdict> {
  const options = { resolver, now: 0, signal: new AbortController().signal };
  return (await verifySignatures(pieces(message, 50), options)).arc;
}

async function seal(message: string, selector: 'r' | 'e' = 'r', size = 9): Promise<string> {
  const key = selector === 'r' ? rsa.privateKey : ed25519.privateKey;
  const signer = { domain: 'lists.example', selector, key };
  const { result: chain } = await verdict(message);
  return (await arcSeal(pieces(message, size), { signer, results, chain, now: 0 })) + message;
}

describe('an ARC seal', () => {
  it('passes, also above others, and only as long as nothing is changed', async () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab :\t=;é'), maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 60 }), fc.boolean(), async (line, size, first) => {
        const message = plain.replace('Hello', `${line}Hello`).replace('a\r\n', `a${line}\r\n`);
        const once = await seal(message, first ? 'r' : 'e', size);
        expect(await verdict(once)).toMatchObject({ result: 'pass', oldestPass: 0, signsAuthor: true });
        const twice = await seal(`Received: by x\r\n${once}`, first ? 'e' : 'r', size);
        expect(await verdict(twice)).toMatchObject({ result: 'pass', oldestPass: 0 });
        for (const change of ['Hello', 'v=1', 'me@']) {
          expect(await verdict(twice.replace(change, 'x')).then(({ result }) => result)).toBe('fail');
        }
      }),
      { numRuns: 30 },
    );
    const other = sealMessage(plain, { domain: 'lists.example', selector: 'r', key: rsa.privateKey, results });
    const above = await seal(other);
    expect(await verdict(above)).toMatchObject({ result: 'pass', oldestPass: 0 });
    expect((await verdict(above)).sealers[1]?.authentication).toMatchObject({ instance: 2, server: 'lists.example' });
    for (const line of above.split('\r\n').slice(0, 20)) expect(line.length).toBeLessThan(250);
  });

  it('is not put on a chain that fails, or is as long as may be', async () => {
    const failing = (await seal(plain)).replace('Hello', 'Bye');
    expect(await seal(failing)).toBe(failing);
    const signer = { domain: 'lists.example', selector: 'r', key: rsa.privateKey };
    expect(await arcSeal(pieces(plain, 9), { signer, results, chain: 'temperror', now: 0 })).toBe('');
    let long = plain;
    for (let set = 1; set <= 50; set++) long = await seal(long, 'e', 4096);
    expect(await verdict(long)).toMatchObject({ result: 'pass' });
    expect(await seal(long, 'e', 4096)).toBe(long);
  });
});
