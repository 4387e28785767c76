import { describe, expect, it } from 'vitest';
import type { ChannelBindings } from './channel-bindings.ts';
import type { CredentialSource } from './credential-source.ts';
import { ScramClient } from './scram-client.ts';
import type { ScramHash } from './scram-keys.ts';
import { deriveScramSecret } from './scram-secret.ts';
import { ScramServer } from './scram-server.ts';

async function credentialsOf(password: string, salt: string, iterations: number): Promise<CredentialSource> {
  const bytes = Buffer.from(salt, 'base64');
  const secrets = {
    sha1: await deriveScramSecret('sha1', password, bytes, iterations),
    sha256: await deriveScramSecret('sha256', password, bytes, iterations),
  };
  return {
    verifyPassword: async () => undefined,
    scramSecrets: async (login, hash) =>
      login === 'user' ? { account: 'mjl', ...secrets[hash], keys: [secrets[hash]] } : undefined,
    decoyKey: Buffer.alloc(32, 7),
  };
}

const credentials = await credentialsOf('pencil', 'QSXCR+Q6sek8bf92', 4096);
const bindings: ChannelBindings = { 'tls-exporter': Buffer.alloc(32, 1), 'tls-server-end-point': Buffer.alloc(32, 2) };

function server(options: { hash?: ScramHash; plus?: boolean; bindings?: ChannelBindings; nonce?: string } = {}) {
  return new ScramServer({
    hash: options.hash ?? 'sha256',
    plus: options.plus ?? false,
    credentials,
    bindings: options.bindings,
    makeNonce: () => options.nonce ?? 'serverNonce',
  });
}

/** Runs client against server to the end and returns the identity. */
async function exchange(client: ScramClient, mechanism: ScramServer) {
  let response: Buffer = client.initialResponse();
  for (let turn = 0; turn < 5; turn++) {
    const step = await mechanism.next(response);
    if ('success' in step) {
      client.complete();
      return step.success;
    }
    response = await client.respond(step.challenge);
  }
  throw new Error('No end of the exchange');
}

describe('ScramServer', () => {
  it('speaks the exchange of RFC 5802 §5', async () => {
    const mechanism = server({ hash: 'sha1', nonce: '3rfcNHYJY1ZVvWVs7j' });
    expect(await mechanism.next(undefined)).toEqual({ challenge: Buffer.alloc(0) });
    expect(String(challengeOf(await mechanism.next(Buffer.from('n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL'))))).toBe(
      'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    );
    const final = 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=';
    expect(String(challengeOf(await mechanism.next(Buffer.from(final))))).toBe('v=rmF9pqV8S7suAoZWja4dJRkFsKQ=');
    expect(await mechanism.next(Buffer.alloc(0))).toEqual({ success: { account: 'mjl', login: 'user' } });
  });

  it('speaks the exchange of RFC 7677 §3', async () => {
    const mechanism = new ScramServer({
      hash: 'sha256',
      plus: false,
      credentials: await credentialsOf('pencil', 'W22ZaJ0SNY7soEsUEjb6gQ==', 4096),
      bindings: undefined,
      makeNonce: () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    });
    expect(String(challengeOf(await mechanism.next(Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'))))).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    );
    const final =
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
    expect(String(challengeOf(await mechanism.next(Buffer.from(final))))).toBe(
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
  });

  it('accepts the right password with every hash, with and without binding', async () => {
    for (const hash of ['sha1', 'sha256'] as const)
      for (const plus of [false, true]) {
        const options = { hash, plus, bindings: plus ? bindings : undefined };
        const client = new ScramClient({ ...options, credentials: { login: 'user', password: 'pencil' }, nonce: 'n' });
        expect(await exchange(client, server(options))).toEqual({ account: 'mjl', login: 'user' });
      }
  });

  it('refuses a wrong password and an unknown login with the same words', async () => {
    const messages = [];
    for (const credentials of [
      { login: 'user', password: 'pen' },
      { login: 'nobody', password: 'pencil' },
    ]) {
      const client = new ScramClient({ hash: 'sha256', plus: false, credentials, bindings: undefined, nonce: 'n' });
      const error = await exchange(client, server()).catch((failure) => failure);
      expect(error).toMatchObject({ code: 'failed', login: credentials.login });
      messages.push(error.message.replace(credentials.login, ''));
    }
    expect(messages[0]).toBe(messages[1]);
  });

  it('names the login in the one form that it is looked up in', async () => {
    const mechanism = server();
    await mechanism.next(Buffer.from('n,,n=\uff55s\u00ader,r=x'));
    const final = Buffer.from(`c=biws,r=xserverNonce,p=${Buffer.alloc(32).toString('base64')}`);
    await expect(mechanism.next(final)).rejects.toMatchObject({ code: 'failed', login: 'user' });
  });

  it('gives an unknown login the same salt each time, and others other salts', async () => {
    const salts = [];
    for (const login of ['nobody', 'nobody', 'somebody'])
      salts.push(
        /s=([^,]+),i=65536$/.exec(String(challengeOf(await server().next(Buffer.from(`n,,n=${login},r=x`)))))?.[1],
      );
    expect(salts[0]).toBe(salts[1]);
    expect(salts[2]).not.toBe(salts[0]);
    expect(Buffer.from(salts[0] ?? '', 'base64')).toHaveLength(16);
  });

  it('takes "y" for a downgrade where -PLUS was offered, and accepts it elsewhere', async () => {
    const start = Buffer.from('y,,n=user,r=x');
    await expect(server({ bindings }).next(start)).rejects.toMatchObject({ code: 'failed' });
    expect(await server().next(start)).toHaveProperty('challenge');
  });

  it('refuses binding flags that do not belong to the mechanism', async () => {
    for (const [plus, flag] of [
      [true, 'n'],
      [true, 'y'],
      [true, 'p=tls-unique'],
      [true, 'p=constructor'],
      [false, 'p=tls-exporter'],
    ] as const)
      await expect(server({ plus, bindings }).next(Buffer.from(`${flag},,n=user,r=x`))).rejects.toMatchObject({
        code: 'failed',
      });
  });

  it('refuses a login that was bound to another connection', async () => {
    const client = new ScramClient({
      hash: 'sha256',
      plus: true,
      credentials: { login: 'user', password: 'pencil' },
      bindings: { 'tls-exporter': Buffer.alloc(32, 9) },
      nonce: 'n',
    });
    await expect(exchange(client, server({ plus: true, bindings }))).rejects.toMatchObject({ code: 'failed' });
  });

  it('refuses another nonce, and a last response that is not empty', async () => {
    const mechanism = server();
    await mechanism.next(Buffer.from('n,,n=user,r=x'));
    await expect(mechanism.next(Buffer.from('c=biws,r=xother,p=AAAA'))).rejects.toMatchObject({ code: 'failed' });
  });

  it('refuses to act for somebody else', async () => {
    for (const [authorizationId, accepted] of [
      ['mjl', true],
      ['user', true],
      ['other', false],
    ] as const) {
      const mechanism = server();
      // A client that sends an authorization id: taken apart from ScramClient, which sends none.
      const bare = 'n=user,r=x';
      const first = String(challengeOf(await mechanism.next(Buffer.from(`n,a=${authorizationId},${bare}`))));
      const client = await proof('pencil', bare, first, `n,a=${authorizationId},`);
      const result = mechanism.next(Buffer.from(client));
      if (accepted) expect(await result).toHaveProperty('challenge');
      else await expect(result).rejects.toMatchObject({ code: 'failed' });
    }
  });
});

describe('ScramClient', () => {
  it('does not trust a server that succeeds without proof, or with a wrong one', async () => {
    const options = { hash: 'sha256', plus: false, bindings: undefined, nonce: 'n' } as const;
    const client = new ScramClient({ ...options, credentials: { login: 'user', password: 'pencil' } });
    expect(() => client.complete()).toThrow('has not shown');
    await client.respond(Buffer.from('r=nserver,s=QSXCR+Q6sek8bf92,i=4096'));
    await expect(client.respond(Buffer.from('v=AAAA'))).rejects.toMatchObject({ code: 'failed' });
  });

  it('refuses a server nonce that does not extend its own', async () => {
    const options = { hash: 'sha256', plus: false, bindings: undefined, nonce: 'mine' } as const;
    const client = new ScramClient({ ...options, credentials: { login: 'user', password: 'pencil' } });
    for (const nonce of ['mine', 'other'])
      await expect(client.respond(Buffer.from(`r=${nonce},s=QSXC,i=4096`))).rejects.toMatchObject({
        code: 'malformed',
      });
  });
});

function challengeOf(step: object): Buffer {
  if (!('challenge' in step)) throw new Error('Expected a challenge');
  return step.challenge as Buffer;
}

async function proof(password: string, bare: string, serverFirst: string, gs2Header: string): Promise<string> {
  const { digest, hmac, saltedPassword, xor } = await import('./scram-keys.ts');
  const { parseServerFirst } = await import('./scram-messages.ts');
  const first = parseServerFirst(Buffer.from(serverFirst));
  if (!first) throw new Error('No server-first-message');
  const clientKey = hmac(
    'sha256',
    await saltedPassword('sha256', password, first.salt, first.iterations),
    'Client Key',
  );
  const withoutProof = `c=${Buffer.from(gs2Header).toString('base64')},r=${first.nonce}`;
  const signature = hmac('sha256', digest('sha256', clientKey), `${bare},${serverFirst},${withoutProof}`);
  return `${withoutProof},p=${xor(clientKey, signature).toString('base64')}`;
}
