import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/clock.ts';
import { addressBytes } from './address-bytes.ts';
import { ensureSelfSignedCertificate } from './ensure-self-signed-certificate.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

describe('createSelfSignedCertificate', () => {
  it('makes a certificate for all names and addresses, signed by its own key', async () => {
    const names = ['mail.example.org', 'localhost', '127.0.0.1', '::1'];
    const now = Date.UTC(2048, 5, 1);
    const { certificate, key } = await createSelfSignedCertificate({ names, now, validDays: 825 });
    const parsed = new X509Certificate(certificate);
    expect(parsed.subject).toBe('CN=mail.example.org');
    expect(parsed.subjectAltName).toBe(
      'DNS:mail.example.org, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.ca).toBe(false);
    expect(parsed.signatureAlgorithm).toBe('ecdsa-with-SHA256');
    expect(new Date(parsed.validFrom).getTime()).toBe(now - 86_400_000);
    // After 2049, in the other form of time.
    expect(new Date(parsed.validTo).getTime()).toBe(now + 825 * 86_400_000);
    expect(key).toContain('BEGIN PRIVATE KEY');
  });
});

describe('addressBytes', () => {
  it('reads addresses of both families', () => {
    expect([...addressBytes('192.0.2.255')]).toEqual([192, 0, 2, 255]);
    expect(addressBytes('::').toString('hex')).toBe('0'.repeat(32));
    expect(addressBytes('2001:db8::1').toString('hex')).toBe('20010db8000000000000000000000001');
    expect(addressBytes('::ffff:192.0.2.1').toString('hex')).toBe('00000000000000000000ffffc0000201');
    fc.assert(fc.property(fc.ipV6(), (address) => void expect(addressBytes(address)).toHaveLength(16)));
  });
});

describe('ensureSelfSignedCertificate', () => {
  it('makes files that only the owner can read, keeps them while they are good, and makes new ones for new names', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'restante-tls-'));
    try {
      const files = { certificateFile: join(directory, 'cert.pem'), keyFile: join(directory, 'key.pem') };
      const ensure = (names: string[], now = Date.now()) =>
        ensureSelfSignedCertificate({ ...files, names, clock: { now: () => now } });
      expect(await ensure(['localhost', '127.0.0.1'])).toBe(true);
      expect((await stat(files.keyFile)).mode & 0o777).toBe(0o600);
      const before = await readFile(files.certificateFile, 'utf8');
      expect(await ensure(['localhost', '127.0.0.1'])).toBe(false);
      expect(await readFile(files.certificateFile, 'utf8')).toBe(before);
      expect(await ensure(['localhost', '127.0.0.1', '::1'])).toBe(true);
      expect(await ensure(['localhost'], Date.now() + 800 * 86_400_000)).toBe(true);
      await rm(files.keyFile);
      expect(await ensureSelfSignedCertificate({ ...files, names: ['localhost'], clock: systemClock })).toBe(true);
      await writeFile(files.certificateFile, 'something else');
      await expect(ensure(['localhost'])).rejects.toMatchObject({ code: 'certificate-unusable' });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
