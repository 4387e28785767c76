import { createHash, type KeyObject, sign } from 'node:crypto';

type SetField = 'ARC-Authentication-Results' | 'ARC-Message-Signature' | 'ARC-Seal';

export interface SealOptions {
  readonly domain: string;
  readonly selector?: string;
  /** RSA or Ed25519. */
  readonly key: KeyObject;
  /** After the number of the set: `lists.example; dmarc=pass header.from=example.org`. */
  readonly results: string;
  /** What the seal says of the sets before; by default what is right. */
  readonly chain?: string;
  /** Fields that are signed. */
  readonly signed?: readonly string[];
  /** Changes a value before it is signed, so that the signatures are right and what they sign is not. */
  readonly change?: (name: SetField, value: string) => string;
}

/**
 * Adds a set to a message as a server does that passes it on, relaxed/relaxed, with the whole message in memory and without the code that
 * verifies: so that this is not judged by itself.
 */
export function sealMessage(message: string, options: SealOptions): string {
  const { domain, selector = 'a', key, signed = ['from', 'to', 'subject'], change = (_, value) => value } = options;
  const split = message.indexOf('\r\n\r\n');
  const fields = `${message.slice(0, split)}\r\n`.match(/[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*/g) ?? [];
  const earlier = fields.filter((field) => /^arc-/i.test(field));
  const instance = earlier.filter((field) => /^arc-seal:/i.test(field)).length + 1;
  const chain = options.chain ?? (instance === 1 ? 'none' : 'pass');
  const algorithm = key.asymmetricKeyType === 'rsa' ? 'rsa-sha256' : 'ed25519-sha256';
  const tags = `i=${instance}; a=${algorithm}; d=${domain}; s=${selector}; t=1700000000`;
  const body = message
    .slice(split + 4)
    .replace(/[ \t]+\r\n/g, '\r\n')
    .replace(/[ \t]+/g, ' ')
    .replace(/(?:\r\n)*$/, '\r\n')
    .replace(/^\r\n$/, '');
  const bodyHash = createHash('sha256').update(body, 'latin1').digest('base64');
  const field = (name: SetField, value: string): string => `${name}: ${change(name, value)}\r\n`;

  const results = field('ARC-Authentication-Results', `i=${instance}; ${options.results}`);
  const unsigned = field(
    'ARC-Message-Signature',
    `${tags}; c=relaxed/relaxed;\r\n h=${signed.join(':')}; bh=${bodyHash};\r\n b=`,
  );
  const unused = fields.toReversed();
  let signedFields = '';
  for (const name of signed) {
    const at = unused.findIndex((each) => each.toLowerCase().startsWith(`${name}:`));
    if (at !== -1) signedFields += `${relaxed(unused.splice(at, 1)[0]!)}\r\n`;
  }
  const signature = withSignature(unsigned, signBytes(signedFields + relaxed(unsigned), key));

  const unsealed = field('ARC-Seal', `${tags}; cv=${chain};\r\n b=`);
  let sealed = '';
  // The newest set is on top.
  for (let before = 1; before < instance; before++) {
    for (const name of ['arc-authentication-results', 'arc-message-signature', 'arc-seal']) {
      const found = earlier.filter((each) => each.toLowerCase().startsWith(`${name}:`)).at(-before);
      if (found !== undefined) sealed += `${relaxed(found)}\r\n`;
    }
  }
  sealed += `${relaxed(results)}\r\n${relaxed(signature)}\r\n${relaxed(unsealed)}`;
  return `${withSignature(unsealed, signBytes(sealed, key))}${signature}${results}${message}`;
}

/** The key as its TXT record has it. */
export function keyRecord(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  if (key.asymmetricKeyType === 'rsa') return `v=DKIM1; p=${der.toString('base64')}`;
  return `v=DKIM1; k=ed25519; p=${der.subarray(-32).toString('base64')}`;
}

function relaxed(field: string): string {
  const colon = field.indexOf(':');
  const value = field
    .slice(colon + 1)
    .replaceAll('\r\n', '')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
  return `${field.slice(0, colon).trim().toLowerCase()}:${value}`;
}

function signBytes(text: string, key: KeyObject): string {
  const bytes = Buffer.from(text, 'latin1');
  if (key.asymmetricKeyType === 'rsa') return sign('sha256', bytes, key).toString('base64');
  return sign(null, createHash('sha256').update(bytes).digest(), key).toString('base64');
}

function withSignature(field: string, signature: string): string {
  return field.replace(/(;\s*b=)/, `$1${signature.replaceAll('$', '$$$$')}`);
}
