import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/**
 * Verifies one relaxed/relaxed signature the plain way, with the whole message in memory: so that tests don't judge the signing
 * by its own code.
 * @param at which DKIM-Signature field, from the top
 * @returns what is wrong, or undefined
 */
export function dkimFault(message: string, publicKey: KeyObject, at = 0): string | undefined {
  const split = message.indexOf('\r\n\r\n');
  const fields = `${message.slice(0, split)}\r\n`.match(/[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*/g) ?? [];
  const body = message
    .slice(split + 4)
    .replace(/[ \t]+(?=\r\n)|[ \t]+$/g, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/(?:\r\n)*$/, '\r\n')
    .replace(/^\r\n$/, '');
  const own = fields.filter((field) => /^dkim-signature:/i.test(field))[at];
  if (own === undefined) return 'no signature';
  const value = own.slice(own.indexOf(':') + 1).replace(/\r\n/g, '');
  const tags = new Map(
    value.split(';').map((tag) => tag.split(/=(.*)/s).map((part) => part.trim()) as [string, string]),
  );
  const digest = createHash('sha256').update(body, 'latin1').digest('base64');
  if (tags.get('bh')?.replace(/\s/g, '') !== digest) return `body hash is ${digest}`;
  const unused = fields.toReversed();
  let signed = '';
  for (const name of (tags.get('h') ?? '').split(':')) {
    const found = unused.findIndex((field) => field.toLowerCase().startsWith(`${name.trim().toLowerCase()}:`));
    if (found !== -1) signed += `${relaxed(unused.splice(found, 1)[0])}\r\n`;
  }
  signed += relaxed(own.replace(/(;\s*b=)[^;]*/, '$1'));
  const bytes = Buffer.from(signed, 'latin1');
  const signature = Buffer.from(tags.get('b') ?? '', 'base64');
  const right =
    tags.get('a') === 'rsa-sha256'
      ? verify('sha256', bytes, publicKey, signature)
      : verify(null, createHash('sha256').update(bytes).digest(), publicKey, signature);
  return right ? undefined : `signature does not fit:\n${signed}`;
}

function relaxed(field: string): string {
  const colon = field.indexOf(':');
  const value = field
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim();
  return `${field.slice(0, colon).toLowerCase().trim()}:${value}`;
}

/** The key as a DKIM record gives it in `p=`. */
export function publicDkimKey(type: 'rsa' | 'ed25519', p: string): KeyObject {
  const bytes = Buffer.from(p, 'base64');
  const key = type === 'rsa' ? bytes : Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}
