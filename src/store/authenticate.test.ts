import { describe, expect, it } from 'vitest';
import { createCredentialSource } from './authenticate.ts';
import { openTestStore } from './store-fixture.ts';

describe('logins', () => {
  it('are verified by password and SCRAM, and make no account', async () => {
    const { accounts } = await openTestStore();
    await accounts.setPassword('me', 'correct horse');
    const source = createCredentialSource({
      accounts,
      accountForLogin: (login) => ({ 'me@example.org': 'me', 'you@example.org': 'you', bad: '../x' })[login],
      decoyKey: Buffer.alloc(32),
    });
    expect(await source.verifyPassword('me@example.org', 'correct horse')).toEqual({ account: 'me' });
    expect(await source.verifyPassword('me@example.org', 'wrong')).toBeUndefined();
    expect(await source.verifyPassword('you@example.org', 'x')).toBeUndefined();
    expect(await source.verifyPassword('bad', 'x')).toBeUndefined();
    expect(await source.scramSecret('me@example.org', 'sha256')).toMatchObject({ account: 'me', iterations: 65_536 });
    expect(await source.scramSecret('nobody', 'sha1')).toBeUndefined();
    expect(await accounts.list()).toEqual(['me']);
    await accounts.setPassword('me', 'another');
    expect(await source.verifyPassword('me@example.org', 'correct horse')).toBeUndefined();
    expect(await source.verifyPassword('me@example.org', 'another')).toEqual({ account: 'me' });
  });
});
