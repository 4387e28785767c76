import { createHash, randomInt } from 'node:crypto';

/** Without characters that look alike. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const groups = 7;
const groupCharacters = 4;

/** A password for one program: 138 bits of randomness, in groups that can be read aloud and typed: `k7wd-m3qp-…`. */
export function makeAppPassword(): string {
  const group = (): string =>
    Array.from({ length: groupCharacters }, () => alphabet[randomInt(alphabet.length)]).join('');
  return Array.from({ length: groups }, group).join('-');
}

/**
 * What is stored to know such a password by. Nobody finds 138 random bits by trying, so that one round of SHA-256 is enough: comparing
 * with all of an account's passwords costs microseconds, where argon2 would let strangers keep the server busy.
 */
export function hashAppPassword(password: string): Buffer {
  return createHash('sha256').update(`restante app password ${password}`).digest();
}
