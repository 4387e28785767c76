import { limits } from '../runtime/limits.ts';

const idBytes = 15;
const idPattern = /\+([a-z2-7]{24})@[^@]+$/;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Gives an envelope sender an id that no other message has, so that what comes back to it is known to be about that message:
 * `me@example.org` becomes `me+<24 characters>@example.org`. An address that would be too long, or has a part after "+", stays as it is.
 * @param randomBytes as of node:crypto
 */
export function addFromId(address: string, randomBytes: (size: number) => Uint8Array): string {
  const at = address.lastIndexOf('@');
  const localpart = address.slice(0, at);
  let bits = 0n;
  for (const byte of randomBytes(idBytes)) bits = (bits << 8n) | BigInt(byte);
  let id = '';
  for (let count = 0; count < (idBytes * 8) / 5; count++, bits >>= 5n) id += alphabet[Number(bits & 31n)];
  const named = `${localpart}+${id}`;
  if (at < 1 || /[+"]/.test(localpart) || Buffer.byteLength(named) > limits.smtpRecipientLocalpartBytes) return address;
  return `${named}${address.slice(at)}`;
}

/** The id in an address that `addFromId` made, in whatever case it comes back. */
export function fromIdOf(address: string): string | undefined {
  return idPattern.exec(address.toLowerCase())?.[1];
}
