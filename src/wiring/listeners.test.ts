import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseStaticConfig } from '../config/static-config.ts';
import { systemClock } from '../runtime/clock.ts';
import { silentLog } from '../runtime/log.ts';
import { openListeners } from './listeners.ts';

it('names the hosts and addresses of all listeners in the one self-signed certificate, and keeps it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-listeners-'));
  const config = parseStaticConfig(
    join(directory, 'restante.yaml'),
    `dataDirectory: data
hostname: mail.example.org
postmaster: { account: me }
listeners:
  outer: { addresses: [192.0.2.1], hostname: outer.example.org, tls: { selfSigned: true }, imaps: {} }
  inner: { addresses: ["0.0.0.0", 10.0.0.1], hostname: inner.example.org, tls: { selfSigned: true }, submissions: {} }
`,
  );
  const path = join(directory, 'data', 'tls', 'selfsigned.pem');
  const open = async (): Promise<string> => {
    await using _listeners = await openListeners(config, { clock: systemClock, log: silentLog });
    return await readFile(path, 'utf8');
  };
  const first = await open();
  expect(await open()).toBe(first);
  const certificate = new X509Certificate(first);
  for (const name of ['mail.example.org', 'outer.example.org', 'inner.example.org', 'localhost']) {
    expect(certificate.checkHost(name), name).toBe(name);
  }
  for (const address of ['192.0.2.1', '10.0.0.1', '127.0.0.1']) expect(certificate.checkIP(address)).toBe(address);
  expect(certificate.subjectAltName).not.toContain('0.0.0.0,');
  await rm(directory, { recursive: true });
});
