import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { testCertificate } from '../../tests/harness/test-certificates.ts';
import { readClientKey } from './client-key.ts';

const issuer = testCertificate({ name: 'Nobody knows' });
const keys = {
  'ecdsa-p256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-p384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'ecdsa-p521': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
  'rsa-2048': generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

describe('the key of a certificate', () => {
  it.each(Object.entries(keys))(
    'of type %s is taken, whoever has signed it, and run out as it is',
    (type, { privateKey }) => {
      const first = testCertificate({ name: 'phone', issuer, privateKey, validUntil: Date.now() - 86_400_000 });
      const second = testCertificate({ name: 'phone', privateKey, issuer: testCertificate({ name: 'Somebody' }) });
      const key = readClientKey(`Bag Attributes\n${first.certificate}${second.certificate}`);
      expect(key).toMatchObject({ type, name: 'phone', fingerprint: expect.stringMatching(/^[\w-]{43}$/) });
      expect(key.certificate.equals(new X509Certificate(first.certificate).raw)).toBe(true);
      expect(readClientKey(second.certificate).fingerprint).toBe(key.fingerprint);
      expect(readClientKey(issuer.certificate).fingerprint).not.toBe(key.fingerprint);
    },
  );

  it('has the fingerprint that others compute', () => {
    // openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64
    const certificate = `-----BEGIN CERTIFICATE-----
MIIBRDCB96ADAgECAhQ04ynTzUEDdbUflrPo1OmbtchtVDAFBgMrZXAwFzEVMBMG
A1UEAwwMQW5uYSdzIHBob25lMCAXDTI2MTEyNzIzMTAxNFoYDzIxMjYxMTAzMjMx
MDE0WjAXMRUwEwYDVQQDDAxBbm5hJ3MgcGhvbmUwKjAFBgMrZXADIQBIAjfJ4GXP
Qiuvgv2O1PlRvtw151LDqxfSwukz/1Q896NTMFEwHQYDVR0OBBYEFK8OGy6cMrCY
AiOLfJSfJHkaXuz7MB8GA1UdIwQYMBaAFK8OGy6cMrCYAiOLfJSfJHkaXuz7MA8G
A1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAXNR3YwnZf8tR1YM4RoXhY2bSJORIahf6
9w49UR9e5nT21zFe9PkNy+BFODGh0xbveF3thkRYEjxOTZWIPsRGDg==
-----END CERTIFICATE-----`;
    expect(readClientKey(certificate)).toMatchObject({
      ...{ type: 'ed25519', name: "Anna's phone", fingerprint: 'efzf3icikfmRABWoFj8bOn3LjQKfBtU2ppalpw-ZYhs' },
    });
  });

  it('is refused when it is weak, unusual, damaged or none', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const unusual = generateKeyPairSync('ed448');
    const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const read = (pair: { privateKey: typeof weak.privateKey }) =>
      readClientKey(testCertificate({ name: 'x', issuer, privateKey: pair.privateKey }).certificate);
    expect(() => read(weak)).toThrow('its RSA key has 1024 bits, at least 2048 are needed');
    expect(() => read(unusual)).toThrow('keys of type "ed448" are not accepted');
    expect(() => read(curve)).toThrow('keys of type "ec" are not accepted');
    expect(() => readClientKey(issuer.key)).toThrow('there is none in PEM format');
    expect(() => readClientKey('')).toThrow('there is none in PEM format');
    expect(() => readClientKey(issuer.certificate.replaceAll(/^MI/gm, 'AA'))).toThrow('it is damaged');
    expect(() => readClientKey('x'.repeat(100_000))).toThrow('it is too long');
  });
});
