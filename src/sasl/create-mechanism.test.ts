import { describe, expect, it } from 'vitest';
import { createMechanism } from './create-mechanism.ts';
import type { CredentialSource } from './credential-source.ts';

const credentials: CredentialSource = {
  verifyPassword: async (login, password) =>
    login === 'me@example.org' && password === 'secret word' ? { account: 'mjl' } : undefined,
  scramSecrets: async () => {
    throw new Error('database is closed');
  },
  decoyKey: Buffer.alloc(32),
};

function mechanism(name: string) {
  const made = createMechanism(name, { credentials, tls: undefined });
  if (!made) throw new Error(`No mechanism ${name}`);
  return made;
}

const success = { success: { account: 'mjl', login: 'me@example.org' } };

describe('PLAIN', () => {
  it('accepts login and password, with or without initial response', async () => {
    expect(await mechanism('plain').next(Buffer.from('\0me@example.org\0secret\u00a0word'))).toEqual(success);
    const waiting = mechanism('PLAIN');
    expect(await waiting.next(undefined)).toEqual({ challenge: Buffer.alloc(0) });
    expect(await waiting.next(Buffer.from('\0me@example.org\0secret word'))).toEqual(success);
  });

  it('accepts the own account as authorization identity and refuses any other', async () => {
    expect(await mechanism('PLAIN').next(Buffer.from('mjl\0me@example.org\0secret word'))).toEqual(success);
    await expect(mechanism('PLAIN').next(Buffer.from('root\0me@example.org\0secret word'))).rejects.toMatchObject({
      code: 'failed',
    });
  });

  it('refuses a wrong password, and names the login for the log', async () => {
    await expect(mechanism('PLAIN').next(Buffer.from('\0me@example.org\0wrong'))).rejects.toMatchObject({
      code: 'failed',
      login: 'me@example.org',
    });
  });

  it('names the login in the one form that it is looked up in, so that guesses in many spellings count as one', async () => {
    for (const spelling of ['me\u00ad@example.org', '\uff4de@example.org', 'me@exam\u2060ple.org']) {
      await expect(mechanism('PLAIN').next(Buffer.from(`\0${spelling}\0wrong`))).rejects.toMatchObject({
        code: 'failed',
        login: 'me@example.org',
      });
      await expect(mechanism('PLAIN').next(Buffer.from(`root\0${spelling}\0secret word`))).rejects.toMatchObject({
        login: 'me@example.org',
      });
    }
  });

  it('refuses what is no PLAIN message', async () => {
    for (const message of ['', 'a', '\0a', '\0\0b', '\0a\0', '\0a\0b\0c', `\0a\0${'x'.repeat(4000)}`])
      await expect(mechanism('PLAIN').next(Buffer.from(message))).rejects.toMatchObject({ code: 'malformed' });
    await expect(mechanism('PLAIN').next(Buffer.from([0, 0xff, 0, 0x61]))).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('LOGIN', () => {
  it('asks for user name and password', async () => {
    const login = mechanism('LOGIN');
    expect(await login.next(undefined)).toEqual({ challenge: Buffer.from('Username:') });
    expect(await login.next(Buffer.from('me@example.org'))).toEqual({ challenge: Buffer.from('Password:') });
    expect(await login.next(Buffer.from('secret word'))).toEqual(success);
  });

  it('takes the user name as initial response', async () => {
    const login = mechanism('LOGIN');
    expect(await login.next(Buffer.from('me@example.org'))).toEqual({ challenge: Buffer.from('Password:') });
    expect(await login.next(Buffer.from('secret word'))).toEqual(success);
  });

  it('asks for a user name once: an empty initial response is none yet, an empty answer is no name', async () => {
    const login = mechanism('LOGIN');
    expect(await login.next(Buffer.alloc(0))).toEqual({ challenge: Buffer.from('Username:') });
    await expect(login.next(Buffer.alloc(0))).rejects.toMatchObject({ code: 'malformed' });
  });

  it('refuses an empty password', async () => {
    const login = mechanism('LOGIN');
    await login.next(Buffer.from('me@example.org'));
    await expect(login.next(Buffer.alloc(0))).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('createMechanism', () => {
  it('knows no other mechanism', () => {
    for (const name of ['CRAM-MD5', 'SCRAM-SHA-512', 'ANONYMOUS', '', 'SCRAM-SHA-1-PLUS-PLUS'])
      expect(createMechanism(name, { credentials, tls: undefined })).toBeUndefined();
  });

  it('turns failures of the credential source into temporary ones', async () => {
    await expect(mechanism('SCRAM-SHA-256').next(Buffer.from('n,,n=user,r=x'))).rejects.toMatchObject({
      code: 'temporary',
      cause: new Error('database is closed'),
    });
  });

  it('goes on with no attempt that is over', async () => {
    const plain = mechanism('PLAIN');
    await expect(plain.next(Buffer.from('\0me@example.org\0wrong'))).rejects.toMatchObject({ code: 'failed' });
    await expect(plain.next(Buffer.from('\0me@example.org\0secret word'))).rejects.toMatchObject({ code: 'malformed' });
  });
});
