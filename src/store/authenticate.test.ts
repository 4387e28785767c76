import { describe, expect, it } from 'vitest';
import type { CredentialSource } from '../sasl/credential-source.ts';
import { ScramClient } from '../sasl/scram-client.ts';
import { ScramServer } from '../sasl/scram-server.ts';
import type { AuthenticatedIdentity } from '../sasl/server-mechanism.ts';
import { createCredentialSource } from './authenticate.ts';
import type { AppPasswordScope } from './passwords/app-password.ts';
import { openTestStore } from './store-fixture.ts';

const login = 'me@example.org';

async function start() {
  const clock = { at: 1_000_000, now: () => clock.at };
  const { accounts } = await openTestStore(undefined, { clock });
  const sourceFor = (scope: AppPasswordScope) =>
    createCredentialSource({
      accounts,
      accountForLogin: (given) => ({ [login]: 'me', 'you@example.org': 'you', bad: '../x' })[given.toLowerCase()],
      comparableLogin: (given) => given.toLowerCase(),
      scope,
      decoyKey: Buffer.alloc(32),
      now: clock.now,
    });
  const listed = async () => {
    await using account = await accounts.open('me');
    return await account.read((reader) => reader.passwords.appPasswords());
  };
  return { accounts, clock, imap: sourceFor('imap'), smtp: sourceFor('smtp'), listed };
}

/** Logs in as a client does; undefined when it is refused. */
async function byScram(
  credentials: CredentialSource,
  password: string,
  hash: 'sha1' | 'sha256' = 'sha256',
): Promise<AuthenticatedIdentity | undefined> {
  const client = new ScramClient({
    hash,
    plus: false,
    credentials: { login, password },
    bindings: undefined,
    nonce: 'clientNonce',
  });
  const server = new ScramServer({ hash, plus: false, credentials, bindings: undefined, makeNonce: () => 'nonce' });
  try {
    let response: Buffer = client.initialResponse();
    for (;;) {
      const step = await server.next(response);
      if ('success' in step) return step.success;
      response = await client.respond(step.challenge);
    }
  } catch {
    return undefined;
  }
}

describe('logins', () => {
  it('are verified by password and SCRAM, and make no account', async () => {
    const { accounts, imap: source } = await start();
    await accounts.setPassword('me', 'correct horse');
    expect(await source.verifyPassword(login, 'correct horse')).toEqual({ account: 'me' });
    expect(await source.verifyPassword(login, 'wrong')).toBeUndefined();
    expect(await source.verifyPassword('you@example.org', 'x')).toBeUndefined();
    expect(await source.verifyPassword('bad', 'x')).toBeUndefined();
    expect(await source.scramSecrets(login, 'sha256')).toMatchObject({ account: 'me', iterations: 65_536 });
    expect(await source.scramSecrets('nobody', 'sha1')).toBeUndefined();
    expect(await accounts.list()).toEqual(['me']);
    await accounts.setPassword('me', 'another');
    expect(await source.verifyPassword(login, 'correct horse')).toBeUndefined();
    expect(await source.verifyPassword(login, 'another')).toEqual({ account: 'me' });
  });
});

async function saltOf(credentials: CredentialSource, name: string): Promise<string | undefined> {
  const options = { hash: 'sha256', plus: false, credentials, bindings: undefined } as const;
  const server = new ScramServer({ ...options, makeNonce: () => 'nonce' });
  const step = await server.next(Buffer.from(`n,,n=${name},r=x`));
  return 'challenge' in step ? /s=([^,]+)/.exec(String(step.challenge))?.[1] : undefined;
}

describe('salts', () => {
  it('are those of the login in every spelling, whether or not it exists', async () => {
    const { accounts, imap } = await start();
    await accounts.setPassword('me', 'correct horse');
    for (const name of [login, 'nobody@example.org']) {
      expect(await saltOf(imap, name.toUpperCase())).toBe(await saltOf(imap, name));
    }
    expect(await saltOf(imap, 'somebody@example.org')).not.toBe(await saltOf(imap, 'nobody@example.org'));
  });

  it('are the same wherever it is logged in to, whether or not a password is good there', async () => {
    const { accounts, imap, smtp } = await start();
    const password = await accounts.addAppPassword('me', { name: 'scanner', scopes: ['smtp'] });
    for (const name of [login, 'nobody@example.org']) expect(await saltOf(imap, name)).toBe(await saltOf(smtp, name));
    expect(await byScram(imap, password)).toBeUndefined();
    expect(await byScram(smtp, password)).toMatchObject({ account: 'me' });
  });
});

describe('app passwords', () => {
  it('let in by every mechanism beside the own password, whichever was first, and outlive its change', async () => {
    const { accounts, imap, listed } = await start();
    const phone = await accounts.addAppPassword('me', { name: 'phone', scopes: ['imap', 'smtp'] });
    expect(phone).toMatch(/^(?:[a-hjkmnp-z2-9]{4}-){6}[a-hjkmnp-z2-9]{4}$/);
    await accounts.setPassword('me', 'correct horse');
    const laptop = await accounts.addAppPassword('me', { name: 'laptop', scopes: ['imap'] });
    const [{ id: ofLaptop }, { id: ofPhone }] = await listed();
    const expectAll = async (own: string) => {
      for (const hash of ['sha1', 'sha256'] as const) {
        expect(await byScram(imap, own, hash)).toEqual({ account: 'me', login });
        expect(await byScram(imap, phone, hash)).toMatchObject({ credential: { id: `app:${ofPhone}`, name: 'phone' } });
        expect(await byScram(imap, laptop, hash)).toMatchObject({ credential: { id: `app:${ofLaptop}` } });
        expect(await byScram(imap, 'wrong', hash)).toBeUndefined();
      }
      expect(await imap.verifyPassword(login, own)).toEqual({ account: 'me' });
      expect(await imap.verifyPassword(login, phone)).toMatchObject({ account: 'me', credential: { name: 'phone' } });
      expect(await imap.verifyPassword('you@example.org', phone)).toBeUndefined();
    };
    await expectAll('correct horse');
    await accounts.setPassword('me', 'battery staple');
    await expectAll('battery staple');
    expect(await byScram(imap, 'correct horse')).toBeUndefined();
  });

  it('are no password for what they are not for, and none once they are revoked', async () => {
    const { accounts, imap, smtp } = await start();
    const password = await accounts.addAppPassword('me', { name: 'phone', scopes: ['imap'] });
    expect(await imap.verifyPassword(login, password)).toMatchObject({ account: 'me' });
    expect(await smtp.verifyPassword(login, password)).toBeUndefined();
    expect(await smtp.scramSecrets(login, 'sha256')).toMatchObject({ keys: [] });
    expect(await byScram(smtp, password)).toBeUndefined();
    expect(await accounts.removeAppPassword('me', 'laptop')).toBeUndefined();
    expect(await accounts.removeAppPassword('me', 'Phone')).toBe(1);
    expect(await imap.verifyPassword(login, password)).toBeUndefined();
    expect(await byScram(imap, password)).toBeUndefined();
  });

  it('are not to be read from what is stored', async () => {
    const { accounts, listed } = await start();
    const password = await accounts.addAppPassword('me', { name: 'phone', scopes: ['imap'] });
    const stored = await listed();
    expect(Object.keys(stored[0]).sort()).toEqual(
      ['createdAt', 'hash', 'id', 'lastUsedAt', 'name', 'scopes', 'scramSha1', 'scramSha256'].sort(),
    );
    expect(JSON.stringify(stored)).not.toContain(password);
  });

  it('tell when they were used last, to the minute, by whichever mechanism', async () => {
    const { accounts, clock, imap, listed } = await start();
    const password = await accounts.addAppPassword('me', { name: 'phone', scopes: ['imap'] });
    const lastUsed = async () => (await listed())[0].lastUsedAt;
    expect(await lastUsed()).toBeUndefined();
    await imap.verifyPassword(login, password);
    expect(await lastUsed()).toBe(1_000_000);
    clock.at += 59_000;
    await imap.verifyPassword(login, password);
    await byScram(imap, password);
    expect(await lastUsed()).toBe(1_000_000);
    clock.at += 1_000;
    await byScram(imap, password);
    expect(await lastUsed()).toBe(1_060_000);
    clock.at += 60_000;
    await imap.verifyPassword(login, 'wrong');
    expect(await lastUsed()).toBe(1_060_000);
  });

  it('have names that can be shown and are there once, and are limited in number', async () => {
    const { accounts } = await start();
    const add = (name: string) => accounts.addAppPassword('me', { name, scopes: ['imap'] });
    await add(' phone ');
    await expect(add('Phone')).rejects.toThrow('Cannot add app password "Phone": there is one of that name');
    await expect(add('  ')).rejects.toThrow('the name is empty');
    await expect(add('a\u001b[2J')).rejects.toThrow('characters that cannot be seen');
    await expect(add('x'.repeat(101))).rejects.toThrow('more than 100 characters');
  });

  it('all have one salt, also when the own password changes at the same moment', async () => {
    const { accounts, imap } = await start();
    const [first, second] = await Promise.all([
      accounts.addAppPassword('me', { name: 'first', scopes: ['imap'] }),
      accounts.addAppPassword('me', { name: 'second', scopes: ['imap'] }),
      accounts.setPassword('me', 'own'),
    ]);
    for (const password of [first, second, 'own'])
      expect(await byScram(imap, password)).toMatchObject({ account: 'me' });
  });
});
