import { createPublicKey, type KeyObject } from 'node:crypto';
import { colonList, parseTagList, TagListError } from './tag-list.ts';

/** A key that is published for verifying. */
export interface DkimKey {
  readonly type: 'rsa' | 'ed25519';
  /** Undefined: it was revoked. */
  readonly key: KeyObject | undefined;
  readonly hashes: readonly string[] | undefined;
  /** Whether it is for mail. */
  readonly isForMail: boolean;
  /** The domain tries DKIM out: a signature that fails is to be taken for none. */
  readonly isTest: boolean;
  /** The identity must be of the domain itself, and of none below it. */
  readonly isStrict: boolean;
}

/** What comes before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo: RFC 8410 §4. */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * @throws TagListError
 * Source: RFC 6376 §3.6.1; RFC 8463 §4
 */
export function parseDkimKey(record: string): DkimKey {
  const tags = parseTagList(record);
  const version = tags.get('v');
  // It must come first, when it is there.
  if (version !== undefined && (version !== 'DKIM1' || tags.keys().next().value !== 'v')) {
    throw new TagListError('it is no key record');
  }
  const type = (tags.get('k') ?? 'rsa').toLowerCase();
  if (type !== 'rsa' && type !== 'ed25519') throw new TagListError(`a key of type "${type.slice(0, 20)}" is not known`);
  const bytes = tags.get('p');
  if (bytes === undefined) throw new TagListError('the tag "p" is missing');
  const services = colonList(tags.get('s') ?? '*');
  const flags = colonList(tags.get('t') ?? '');
  const hashes = tags.get('h');
  return {
    type,
    key: bytes === '' ? undefined : keyOf(type, Buffer.from(bytes.replaceAll(/[ \t\r\n]+/g, ''), 'base64')),
    hashes: hashes === undefined ? undefined : colonList(hashes).map((hash) => hash.toLowerCase()),
    isForMail: services.includes('*') || services.includes('email'),
    isTest: flags.includes('y'),
    isStrict: flags.includes('s'),
  };
}

function keyOf(type: DkimKey['type'], bytes: Buffer): KeyObject {
  if (type === 'ed25519') {
    if (bytes.length !== 32) throw new TagListError('the key has not 32 bytes');
    return createPublicKey({ key: Buffer.concat([ed25519Prefix, bytes]), format: 'der', type: 'spki' });
  }
  // RFC 6376 says PKCS #1 and means SubjectPublicKeyInfo (erratum 3017); both are published.
  for (const form of ['spki', 'pkcs1'] as const) {
    try {
      const key = createPublicKey({ key: bytes, format: 'der', type: form });
      if (key.asymmetricKeyType === 'rsa') return key;
    } catch {
      // It has the other form, or none.
    }
  }
  throw new TagListError('the key can not be read');
}
