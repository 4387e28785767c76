import { describe, expect, it } from 'vitest';
import { hashPassword, verifyPassword } from './password-hash.ts';
import { deriveScramSecret, formatScramSecret, parseScramSecret } from './scram-secret.ts';

const secrets = await hashPassword('correct horse\u00a0battery');

describe('hashPassword', () => {
  it('makes a hash that verifies the password in every form that SASLprep takes for the same', async () => {
    expect(secrets.argon2id).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verifyPassword(secrets.argon2id, 'correct horse battery')).toBe(true);
    expect(await verifyPassword(secrets.argon2id, 'correct horse\u2009battery')).toBe(true);
    expect(await verifyPassword(secrets.argon2id, 'correct horse batter')).toBe(false);
    expect(await verifyPassword(secrets.argon2id, '')).toBe(false);
  });

  it('makes SCRAM secrets of the same password', async () => {
    for (const [hash, text] of [
      ['sha1', secrets.scramSha1],
      ['sha256', secrets.scramSha256],
    ] as const) {
      const secret = parseScramSecret(hash, text);
      expect(secret?.iterations).toBe(65_536);
      expect(await deriveScramSecret(hash, 'correct horse battery', secret!.salt, 65_536)).toEqual(secret);
      expect(formatScramSecret(hash, secret!)).toBe(text);
    }
    expect(parseScramSecret('sha1', secrets.scramSha256)).toBeUndefined();
  });

  it('refuses passwords that are empty, have controls or are too long', async () => {
    for (const password of ['', 'a\nb', 'x'.repeat(1025)])
      await expect(hashPassword(password)).rejects.toMatchObject({ code: 'password-not-allowed' });
  });
});

describe('verifyPassword', () => {
  it('verifies the argon2id hash of another implementation', async () => {
    // Made by the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32
    const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await verifyPassword(hash, 'password')).toBe(true);
  });

  it('is false for an unknown login after the same work', async () => {
    expect(await verifyPassword(undefined, 'password')).toBe(false);
  });

  it('says so when the stored hash is of an unknown kind', async () => {
    await expect(verifyPassword('$1$abc', 'x')).rejects.toMatchObject({ code: 'password-hash-unknown' });
  });

  it('refuses more work when very many passwords wait', async () => {
    const checks = Array.from({ length: 300 }, () =>
      // One block a lane, so that the test is quick.
      verifyPassword('$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'x'),
    );
    const results = await Promise.allSettled(checks);
    expect(results.filter((result) => result.status === 'rejected').map((result) => result.reason.code)).toEqual(
      Array(42).fill('password-check-busy'),
    );
  });
});
