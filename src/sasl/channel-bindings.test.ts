import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type SecureVersion, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { availableMechanisms } from './available-mechanisms.ts';
import { channelBindingsOf, tlsServerEndPoint } from './channel-bindings.ts';
import { createClientMechanism } from './create-client-mechanism.ts';
import { createMechanism } from './create-mechanism.ts';
import type { CredentialSource } from './credential-source.ts';
import { deriveScramSecret } from './scram-secret.ts';

// Made once by openssl: CN=localhost, valid for a hundred years; each signed with another hash.
const certificates = {
  sha1: 'MIIBfjCCASSgAwIBAgIULtejxVtuqGlQ7+0LGSlhidFTTQUwCQYHKoZIzj0EATAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwIBcNMjYxMTIzMjEzOTQ0WhgPMjEyNjEwMzAyMTM5NDRaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIiS3P1n3sXaZFvUd63Ew8Ek3uH3YzGS49oWgHq7mQVjQAeJSB10KPvi6byIlnDuVg49XamalvWlvj3NXA2XEEejUzBRMB0GA1UdDgQWBBQEaKG7EXqXrJR6L4FMvHgHqrXm2jAfBgNVHSMEGDAWgBQEaKG7EXqXrJR6L4FMvHgHqrXm2jAPBgNVHRMBAf8EBTADAQH/MAkGByqGSM49BAEDSQAwRgIhAKzmxWRz27hwh1iv8jUyH4GKwSyrL6n0J0BVTK0V0ieLAiEA/8Bk0MhHJYPn6tRKBdOucjxojtTD8ky6OGPT6MIAtTs=',
  sha384:
    'MIIBfzCCASWgAwIBAgIUaYkQ/bn/CYWpiQ6wuUxEcwSOc8EwCgYIKoZIzj0EAwMwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzIxMzk0NFoYDzIxMjYxMDMwMjEzOTQ0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQe/YIQywAGyOEFsRRCW8Fl3uTXRPjZnI/KpnuuP7MmQcvO3rtPEMqzPJDJhTUDnhVXPfpgkrYSxwKcWxf2LDa9o1MwUTAdBgNVHQ4EFgQUG9UWYiNHo53O511ji5GCNxsA38wwHwYDVR0jBBgwFoAUG9UWYiNHo53O511ji5GCNxsA38wwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAwNIADBFAiEAznnhW9BZmlmajj1KxqY1YXuTstiV9+Xor3fRnVlAmSMCIFPsTy55G3wqR5Dn3DWTj0S/XQocGeIHAdEJG0aka0qU',
  sha512:
    'MIIBfzCCASWgAwIBAgIUefKvSUX8yEkFnNKRg/Fnz3YALf8wCgYIKoZIzj0EAwQwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzIxMzk0NFoYDzIxMjYxMDMwMjEzOTQ0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQq2tSQ00kn+SmusHgo+Ws5f+h3z7oIG5ByPS+Oq/hH522626c3AgfRjy/hIDfc/2ltZxxYyiavCZDLI3V9iOUNo1MwUTAdBgNVHQ4EFgQU9o9LMfb+cm2Ho2gGOGrybCM+BBQwHwYDVR0jBBgwFoAU9o9LMfb+cm2Ho2gGOGrybCM+BBQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDBANIADBFAiEAyHzywveiuRijKxYrhAnfJQ5NvuSVUHI98K/rEt8BS1oCIBwPNvmy3ylfdMAbd1UyFCEnn97klbuUIYHpcld2R4sT',
  ed25519:
    'MIIBPjCB8aADAgECAhR5od2GUHhEOfpwUlloIG2ryUT8LDAFBgMrZXAwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzIxMzk0NFoYDzIxMjYxMDMwMjEzOTQ0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwKjAFBgMrZXADIQCuPamwnqUgTIDCVh/c8A5yly+T3aZCErFA93VsYtPHO6NTMFEwHQYDVR0OBBYEFAXAYqA2Bok/Sk06oDy+hlQepT/uMB8GA1UdIwQYMBaAFAXAYqA2Bok/Sk06oDy+hlQepT/uMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAe/u1BZ1+gLw1AqoDCQLDtgI9OqwurA1Z/EG3cqAdCtP1+cALJsU8UdfiN4bshRO+L35usoQVpEC1tGqxNjiqDA==',
};
const sha384Key =
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnV8unfCIF6t1NEAp5SPV5yrQkx1b93Im8GS5Op7X862hRANCAAQe/YIQywAGyOEFsRRCW8Fl3uTXRPjZnI/KpnuuP7MmQcvO3rtPEMqzPJDJhTUDnhVXPfpgkrYSxwKcWxf2LDa9';

function pem(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}

async function withTlsPair(maxVersion: SecureVersion, use: (client: TLSSocket, server: TLSSocket) => Promise<void>) {
  const listener = createServer({
    cert: pem('CERTIFICATE', certificates.sha384),
    key: pem('PRIVATE KEY', sha384Key),
    maxVersion,
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const accepted = once(listener, 'secureConnection');
  const client = tlsConnect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
  });
  try {
    await once(client, 'secureConnect');
    const [server] = (await accepted) as [TLSSocket];
    await use(client, server);
    server.destroy();
  } finally {
    client.destroy();
    listener.close();
  }
}

const secret = await deriveScramSecret('sha256', 'pencil', Buffer.alloc(16, 3), 4096);
const credentials: CredentialSource = {
  verifyPassword: async () => undefined,
  scramSecrets: async () => ({ account: 'mjl', ...secret, keys: [secret] }),
  decoyKey: Buffer.alloc(32),
};

describe('channelBindingsOf', () => {
  it('gives both ends of a TLS 1.3 connection the same data, and each connection other data', async () => {
    const exporters: (string | undefined)[] = [];
    for (let i = 0; i < 2; i++)
      await withTlsPair('TLSv1.3', async (client, server) => {
        const bindings = channelBindingsOf(server, 'local');
        expect(bindings).toEqual(channelBindingsOf(client, 'peer'));
        expect(bindings?.['tls-exporter']).toHaveLength(32);
        expect(bindings?.['tls-server-end-point']).toEqual(
          createHash('sha384').update(client.getPeerCertificate().raw).digest(),
        );
        exporters.push(bindings?.['tls-exporter']?.toString('hex'));
      });
    expect(exporters[0]).not.toBe(exporters[1]);
  });

  it('gives none on TLS 1.2, where -PLUS is not offered', async () => {
    await withTlsPair('TLSv1.2', async (_client, server) => {
      expect(channelBindingsOf(server, 'local')).toBeUndefined();
      expect(availableMechanisms({ tls: server, allowPlaintext: false })).toEqual([
        'SCRAM-SHA-256',
        'SCRAM-SHA-1',
        'PLAIN',
        'LOGIN',
      ]);
    });
  });

  it('ties a SCRAM-SHA-256-PLUS login to the connection', async () => {
    await withTlsPair('TLSv1.3', async (client, server) => {
      const offered = availableMechanisms({ tls: server, allowPlaintext: false });
      const ours = createClientMechanism(offered, { credentials: { login: 'user', password: 'pencil' }, tls: client });
      expect(ours?.name).toBe('SCRAM-SHA-256-PLUS');
      const theirs = createMechanism(ours!.name, { credentials, tls: server });
      let step = await theirs!.next(ours!.initialResponse());
      while ('challenge' in step) step = await theirs!.next(await ours!.respond(step.challenge));
      ours!.complete();
      expect(step.success).toEqual({ account: 'mjl', login: 'user' });
    });
  });

  it('makes a client that could bind notice that -PLUS was taken out of the offer', async () => {
    await withTlsPair('TLSv1.3', async (client, server) => {
      const ours = createClientMechanism(['SCRAM-SHA-256'], {
        credentials: { login: 'user', password: 'pencil' },
        tls: client,
      });
      const theirs = createMechanism('SCRAM-SHA-256', { credentials, tls: server });
      await expect(theirs!.next(ours!.initialResponse())).rejects.toMatchObject({ code: 'failed' });
    });
  });
});

describe('tlsServerEndPoint', () => {
  it('uses the hash of the signature, SHA-256 in place of SHA-1, and none for Ed25519', async () => {
    for (const [name, hash] of [
      ['sha384', 'sha384'],
      ['sha512', 'sha512'],
      ['sha1', 'sha256'],
    ] as const) {
      const certificate = new X509Certificate(pem('CERTIFICATE', certificates[name]));
      expect(tlsServerEndPoint(certificate)).toEqual(createHash(hash).update(certificate.raw).digest());
    }
    const withoutHash = new X509Certificate(pem('CERTIFICATE', certificates.ed25519));
    expect(tlsServerEndPoint(withoutHash)).toBeUndefined();
  });
});

describe('availableMechanisms', () => {
  it('offers nothing without TLS unless that is allowed', () => {
    expect(availableMechanisms({ tls: undefined, allowPlaintext: false })).toEqual([]);
    expect(availableMechanisms({ tls: undefined, allowPlaintext: true })).toContain('PLAIN');
  });
});
