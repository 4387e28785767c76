import { join } from 'node:path';
import type { ServiceName, StaticConfig } from '../config/static-config.ts';
import type { ListenerSettings } from '../config/static-schema.ts';
import type { Clock } from '../runtime/clock.ts';
import { makeDirectoryDurably } from '../runtime/durable-file.ts';
import type { Log } from '../runtime/log.ts';
import { CertificateStore } from '../tls/certificate-store.ts';
import { ensureSelfSignedCertificate } from '../tls/ensure-self-signed-certificate.ts';

/** One service at one address, as the configuration says. */
export interface ServiceListener {
  readonly listener: string;
  readonly service: ServiceName;
  readonly address: string;
  readonly port: number;
  readonly settings: ListenerSettings;
  readonly certificates: CertificateStore | undefined;
}

/** All services of all listeners, with their certificates loaded. Disposing ends the watch over certificate files. */
export async function openListeners(
  config: StaticConfig,
  options: { clock: Clock; log: Log },
): Promise<{ listeners: ServiceListener[] } & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const listeners: ServiceListener[] = [];
  for (const [listener, settings] of Object.entries(config.listeners)) {
    const certificates =
      settings.tls === undefined ? undefined : opened.use(await openCertificates(config, settings, options));
    for (const service of serviceNames) {
      const found = settings[service];
      if (found === undefined || !found.enabled) continue;
      for (const address of settings.addresses) {
        listeners.push({ listener, service, address, port: found.port, settings, certificates });
      }
    }
  }
  const resources = opened.move();
  return { listeners, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

const serviceNames: readonly ServiceName[] = [
  'smtp',
  'submission',
  'submissions',
  'imap',
  'imaps',
  'http',
  'https',
  'metrics',
];

async function openCertificates(
  config: StaticConfig,
  settings: ListenerSettings,
  { clock, log }: { clock: Clock; log: Log },
): Promise<CertificateStore> {
  const { certificates = [], minimumVersion } = settings.tls ?? {};
  const files = certificates.map(({ certificateFile, privateKeyFile }) => ({
    certificateFile,
    keyFile: privateKeyFile,
  }));
  if (files.length === 0) {
    const directory = join(config.dataDirectory, 'tls');
    await makeDirectoryDurably(directory);
    const selfSigned = {
      certificateFile: join(directory, 'selfsigned.pem'),
      keyFile: join(directory, 'selfsigned-key.pem'),
    };
    const names = selfSignedNames(config);
    await ensureSelfSignedCertificate({ ...selfSigned, names, clock });
    files.push(selfSigned);
  }
  return await CertificateStore.open(files, log, { minimumVersion: minimumVersion ?? 'TLSv1.2' });
}

/** One certificate is for all listeners that have none of an authority: it names whatever a client may have been told. */
function selfSignedNames(config: StaticConfig): string[] {
  const names = new Set([config.hostname, 'localhost', '127.0.0.1', '::1']);
  for (const { hostname, addresses } of Object.values(config.listeners)) {
    if (hostname !== undefined) names.add(hostname);
    for (const address of addresses) if (address !== '0.0.0.0' && address !== '::') names.add(address);
  }
  return [...names];
}
