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
  clientAuth: '1.3.6.1.5.5.7.3.2',
};

/** As PEM, the key as PKCS #8. */
export interface KeyAndCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Keys that clients log in by are good until they are removed: a hundred years. */
const clientDays = 36_525;
const critical = der(0x01, Buffer.from([0xff]));

/**
 * Makes a key (ECDSA P-256) and a certificate of a server, signed by itself.
 * @param options.names DNS names and IP addresses that it is valid for; the first is its common name
 * @param options.now milliseconds since 1970; valid from a day before, for clocks that are late
 * @returns both as PEM, the key as PKCS #8
 */
export function createSelfSignedCertificate(options: {
  names: readonly string[];
  now: number;
  validDays: number;
}): Promise<KeyAndCertificate> {
  const { names, now, validDays } = options;
  // RFC 5280 §4.2.1.6: [2] dNSName, [7] iPAddress.
  const general = names.map((name) => (isIP(name) ? der(0x87, addressBytes(name)) : der(0x82, Buffer.from(name))));
  const subjectAltName = extension(oid.subjectAltName, derSequence(...general));
  return create({ commonName: names[0] ?? '', now, validDays, extensions: [subjectAltName, usage(oid.serverAuth)] });
}

/**
 * Makes a key and a certificate for a program that logs in by them.
 * @param options.name for people
 * @returns as {@link createSelfSignedCertificate}
 */
export function createClientCertificate(options: { name: string; now: number }): Promise<KeyAndCertificate> {
  const { name, now } = options;
  return create({ commonName: name, now, validDays: clientDays, extensions: [usage(oid.clientAuth)] });
}

/** Source: RFC 5280 §4 */
async function create(options: {
  commonName: string;
  now: number;
  validDays: number;
  extensions: readonly Buffer[];
}): Promise<KeyAndCertificate> {
  const { now, validDays } = options;
  const { publicKey, privateKey } = await generateKeyPairAsync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const algorithm = derSequence(derObjectIdentifier(oid.ecdsaWithSha256));
  // RFC 5280 §4.1.2.4: 64 characters at most.
  const commonName = derSequence(derObjectIdentifier(oid.commonName), derUtf8String(options.commonName.slice(0, 64)));
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
    der(0xa3, derSequence(...options.extensions, ...commonExtensions(publicKey))),
  );
  const certificate = derSequence(unsigned, algorithm, derBitString(sign('sha256', unsigned, privateKey)));
  return { certificate: toPem(certificate), key: privateKey };
}

function extension(id: string, value: Buffer, flags: Buffer = Buffer.alloc(0)): Buffer {
  return derSequence(derObjectIdentifier(id), flags, derOctetString(value));
}

function usage(purpose: string): Buffer {
  return extension(oid.extendedKeyUsage, derSequence(derObjectIdentifier(purpose)));
}

function commonExtensions(publicKey: Buffer): Buffer[] {
  return [
    // digitalSignature, the first bit of one that is used
    extension(oid.keyUsage, der(0x03, Buffer.from([7, 0x80])), critical),
    extension(oid.basicConstraints, derSequence(), critical),
    extension(oid.subjectKeyIdentifier, derOctetString(createHash('sha1').update(publicKey).digest())),
  ];
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
