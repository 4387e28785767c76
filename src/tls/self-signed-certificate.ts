import { createHash, generateKeyPair, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { addressBytes } from './address-bytes.ts';
import {
  der,
  derBitString,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derTime,
  derUtf8String,
} from './der.ts';

const dayMs = 86_400_000;
const generateKeyPairAsync = promisify(generateKeyPair);

const oid = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
};

/**
 * Makes a key (ECDSA P-256) and a certificate signed by itself.
 * @param options.names DNS names and IP addresses that it is valid for; the first is its common name
 * @param options.now milliseconds since 1970; valid from a day before, for clocks that are late
 * @returns both as PEM, the key as PKCS #8
 * Source: RFC 5280 §4
 */
export async function createSelfSignedCertificate(options: {
  names: readonly string[];
  now: number;
  validDays: number;
}): Promise<{ certificate: string; key: string }> {
  const { names, now, validDays } = options;
  const { publicKey, privateKey } = await generateKeyPairAsync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const algorithm = derSequence(derObjectIdentifier(oid.ecdsaWithSha256));
  // RFC 5280 §4.1.2.4: 64 characters at most.
  const commonName = derSequence(derObjectIdentifier(oid.commonName), derUtf8String((names[0] ?? '').slice(0, 64)));
  const name = derSequence(der(0x31, commonName));
  const version3 = der(0xa0, derInteger(Buffer.from([2])));
  const unsigned = derSequence(
    version3,
    derInteger(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    name,
    derSequence(derTime(new Date(now - dayMs)), derTime(new Date(now + validDays * dayMs))),
    name,
    publicKey,
    der(0xa3, extensions(names, publicKey)),
  );
  const certificate = derSequence(unsigned, algorithm, derBitString(sign('sha256', unsigned, privateKey)));
  return { certificate: toPem(certificate), key: privateKey };
}

function extensions(names: readonly string[], publicKey: Buffer): Buffer {
  const critical = der(0x01, Buffer.from([0xff]));
  const extension = (id: string, value: Buffer, flags: Buffer = Buffer.alloc(0)) =>
    derSequence(derObjectIdentifier(id), flags, derOctetString(value));
  // RFC 5280 §4.2.1.6: [2] dNSName, [7] iPAddress.
  const general = names.map((name) => (isIP(name) ? der(0x87, addressBytes(name)) : der(0x82, Buffer.from(name))));
  return derSequence(
    extension(oid.subjectAltName, derSequence(...general)),
    // digitalSignature, the first bit of one that is used
    extension(oid.keyUsage, der(0x03, Buffer.from([7, 0x80])), critical),
    extension(oid.extendedKeyUsage, derSequence(derObjectIdentifier(oid.serverAuth))),
    extension(oid.basicConstraints, derSequence(), critical),
    extension(oid.subjectKeyIdentifier, derOctetString(createHash('sha1').update(publicKey).digest())),
  );
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
