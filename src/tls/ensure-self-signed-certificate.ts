import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../runtime/clock.ts';
import { writeDurably } from '../runtime/durable-file.ts';
import { CertificateError } from './certificate-error.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

const dayMs = 86_400_000;
const renewBeforeMs = 30 * dayMs;
const validDays = 825;

/**
 * Makes certificate and key files for servers without certificates of an authority, when they aren't there, run out within 30 days,
 * or lack one of the names.
 * @param options.names DNS names and IP addresses
 * @returns whether new ones were made
 * @throws CertificateError when what is there can't be read as certificate and key, and so may be somebody's
 */
export async function ensureSelfSignedCertificate(options: {
  certificateFile: string;
  keyFile: string;
  names: readonly string[];
  clock: Clock;
}): Promise<boolean> {
  const { certificateFile, keyFile, names, clock } = options;
  const now = clock.now();
  if (await isUsable(certificateFile, keyFile, names, now)) return false;
  const { certificate, key } = await createSelfSignedCertificate({ names, now, validDays });
  await writeDurably(keyFile, key, 0o600);
  await writeDurably(certificateFile, certificate, 0o644);
  return true;
}

async function isUsable(certificateFile: string, keyFile: string, names: readonly string[], now: number) {
  let texts: [Buffer, Buffer];
  try {
    texts = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const certificate = new X509Certificate(texts[0]);
    // Somebody put a certificate of an authority there: it isn't ours to replace.
    if (certificate.issuer !== certificate.subject) return true;
    return (
      // Both files are written whole, yet a crash may leave a new key beside the old certificate.
      certificate.checkPrivateKey(createPrivateKey(texts[1])) &&
      Date.parse(certificate.validTo) - now > renewBeforeMs &&
      names.every((name) =>
        isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name, { subject: 'never' }),
      )
    );
  } catch (error) {
    throw new CertificateError(certificateFile, error instanceof Error ? error.message : String(error), error);
  }
}
