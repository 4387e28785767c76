import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, connect as netConnect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { CertificateStore } from './certificate-store.ts';
import { ensureSelfSignedCertificate } from './ensure-self-signed-certificate.ts';

let directory: string;
let store: CertificateStore;
let server: Server;
let failures: unknown[];

async function makeFiles(name: string) {
  const files = { certificateFile: join(directory, `${name}.pem`), keyFile: join(directory, `${name}.key`) };
  await ensureSelfSignedCertificate({ ...files, names: [name], clock: systemClock });
  return files;
}

const port = () => (server.address() as AddressInfo).port;

/** Connects and returns the socket after the handshake. */
async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port: port(), host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

async function nameShown(servername?: string): Promise<string | undefined> {
  const socket = await handshake(servername === undefined ? {} : { servername });
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return Array.isArray(name) ? name[0] : name;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-tls-'));
  store = await CertificateStore.open(
    [await makeFiles('mail.example.org'), await makeFiles('other.example')],
    silentLog,
  );
  failures = [];
  server = createServer((socket) => {
    store.accept(socket, 500).then(
      (secured) => {
        secured.on('error', () => {});
        secured.pipe(secured);
      },
      (error) => failures.push(error),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

describe('CertificateStore', () => {
  it('shows the certificate for the name asked for, else the first', async () => {
    expect(await nameShown('other.example')).toBe('other.example');
    expect(await nameShown('mail.example.org')).toBe('mail.example.org');
    expect(await nameShown('unknown.example')).toBe('mail.example.org');
    expect(await nameShown()).toBe('mail.example.org');
  });

  it('speaks TLS 1.2 and 1.3 and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake({ maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
    await expect(handshake({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
  });

  it('takes first messages of any size, in pieces of any size, and all that follows', async () => {
    const names = Array.from({ length: 100 }, (_, at) => `protocol-that-nobody-speaks-${at}`);
    const forwarder = createServer((client) => {
      const onward = netConnect(port(), '127.0.0.1').setNoDelay();
      client.on('data', (bytes) => {
        for (let at = 0; at < bytes.length; at += 301) onward.write(bytes.subarray(at, at + 301));
      });
      onward.pipe(client);
      for (const socket of [client, onward]) socket.on('error', () => {});
      client.on('close', () => onward.destroy());
    });
    forwarder.listen(0, '127.0.0.1');
    await once(forwarder, 'listening');
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
    for (const options of [{}, { ALPNProtocols: names }, { port: (forwarder.address() as AddressInfo).port }]) {
      const socket = await handshake(options);
      socket.write(sent);
      const received: Buffer[] = [];
      for (let bytes = 0; bytes < sent.length; bytes += received.at(-1)!.length) {
        received.push(((await once(socket, 'data')) as [Buffer])[0]);
      }
      expect(Buffer.concat(received).equals(sent)).toBe(true);
      socket.destroy();
    }
    forwarder.close();
  });

  it('ends a connection that goes on with something else than TLS', async () => {
    let onward: ReturnType<typeof netConnect> | undefined;
    const forwarder = createServer((client) => {
      // That the client closes is not passed on.
      onward = netConnect(port(), '127.0.0.1');
      client.on('data', (bytes) => onward!.write(bytes));
      onward.pipe(client);
      for (const socket of [client, onward]) socket.on('error', () => {});
    });
    forwarder.listen(0, '127.0.0.1');
    await once(forwarder, 'listening');
    const socket = await handshake({ port: (forwarder.address() as AddressInfo).port });
    socket.on('error', () => {});
    // The server is done with the handshake, too.
    socket.write('echo');
    await once(socket, 'data');
    const closed = once(onward!, 'close');
    onward!.write('x'.repeat(100));
    await closed;
    socket.destroy();
    forwarder.close();
  });

  it('resumes sessions', async () => {
    const first = await handshake({ maxVersion: 'TLSv1.2' });
    const session = first.getSession();
    first.destroy();
    const second = await handshake({ maxVersion: 'TLSv1.2', session });
    expect(second.isSessionReused()).toBe(true);
    second.destroy();
  });

  it('takes changed files into use and keeps the old ones when the new are unusable', async () => {
    const other = {
      certificateFile: join(directory, 'other.example.pem'),
      keyFile: join(directory, 'other.example.key'),
    };
    const before = store.contextFor('other.example');
    await writeFile(other.certificateFile, 'no certificate');
    await store.reload();
    expect(store.contextFor('other.example')).toBe(before);
    await rm(other.certificateFile);
    await ensureSelfSignedCertificate({ ...other, names: ['other.example'], clock: systemClock });
    await store.reload();
    expect(store.contextFor('other.example')).not.toBe(before);
    expect(await nameShown('other.example')).toBe('other.example');
    expect(store.describe()).toHaveLength(2);
  });

  it('ends handshakes that fail or do not end', async () => {
    const silent = netConnect(port(), '127.0.0.1');
    const loud = netConnect(port(), '127.0.0.1');
    const closing = netConnect(port(), '127.0.0.1');
    for (const socket of [silent, loud, closing]) socket.on('error', () => {}).resume();
    loud.write('EHLO example.org\r\n');
    closing.on('connect', () => closing.destroy());
    await Promise.all([once(silent, 'close'), once(loud, 'close')]);
    expect(failures).toHaveLength(3);
    // And still answers.
    expect(await nameShown()).toBe('mail.example.org');
  });

  it('says which file is wrong', async () => {
    const good = await makeFiles('good.example');
    const bad = { ...good, keyFile: join(directory, 'other.example.key') };
    await expect(CertificateStore.open([bad], silentLog)).rejects.toMatchObject({
      code: 'certificate-unusable',
      message: expect.stringContaining('the key belongs to another certificate'),
    });
    await expect(CertificateStore.open([], silentLog)).rejects.toMatchObject({ code: 'certificate-unusable' });
  });
});
