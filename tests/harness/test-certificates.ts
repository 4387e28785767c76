import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  der,
  derBitString,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derTime,
  derUtf8String,
} from '../../src/tls/der.ts';

export interface TestCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  readonly name: string;
}

const ecdsaWithSha256 = derSequence(derObjectIdentifier('1.2.840.10045.4.3.2'));
const dayMs = 86_400_000;

/** A certificate of an authority, or of a host or person that an authority stands for. */
export function testCertificate(options: {
  name: string;
  /** DNS names; none for an authority. */
  hosts?: readonly string[];
  /** Who signs; by itself without one. */
  issuer?: TestCertificate;
  isAuthority?: boolean;
  /** Of whatever kind, with an issuer; otherwise ECDSA P-256. */
  privateKey?: KeyObject;
  /** Milliseconds; valid from a year before. Default: in a year. */
  validUntil?: number;
}): TestCertificate {
  const { name, hosts = [], issuer, isAuthority = false, validUntil = Date.now() + 365 * dayMs } = options;
  const privateKey = options.privateKey ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const extension = (id: string, value: Buffer, critical = false): Buffer =>
    derSequence(
      derObjectIdentifier(id),
      critical ? der(0x01, Buffer.from([0xff])) : Buffer.alloc(0),
      derOctetString(value),
    );
  const extensions = [
    extension('2.5.29.19', isAuthority ? derSequence(der(0x01, Buffer.from([0xff]))) : derSequence(), true),
    ...(hosts.length === 0
      ? []
      : [extension('2.5.29.17', derSequence(...hosts.map((host) => der(0x82, Buffer.from(host)))))]),
  ];
  const unsigned = derSequence(
    der(0xa0, derInteger(Buffer.from([2]))),
    derInteger(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    ecdsaWithSha256,
    commonName(issuer?.name ?? name),
    derSequence(derTime(new Date(Math.min(Date.now(), validUntil) - 365 * dayMs)), derTime(new Date(validUntil))),
    commonName(name),
    publicKey,
    der(0xa3, derSequence(...extensions)),
  );
  const signed = derSequence(unsigned, ecdsaWithSha256, derBitString(sign('sha256', unsigned, issuer?.key ?? key)));
  const lines = signed.toString('base64').match(/.{1,64}/g)!;
  const certificate = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  return { certificate, key, name };
}

function commonName(name: string): Buffer {
  return derSequence(der(0x31, derSequence(derObjectIdentifier('2.5.4.3'), derUtf8String(name))));
}
