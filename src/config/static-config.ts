import { isIP } from 'node:net';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { readConfigFile } from './read-config-file.ts';
import { type StaticSettings, staticSchema } from './static-schema.ts';
import { foundText, YamlSource } from './yaml-source.ts';

/** What `restante.yaml` says, with all paths absolute. */
export interface StaticConfig extends StaticSettings {
  /** Absolute path of `restante.yaml`. */
  path: string;
  /** Its directory, which also holds `domains.yaml`. */
  configDirectory: string;
  /** Absolute path of `domains.yaml`. */
  domainsPath: string;
}

/**
 * Reads and validates `restante.yaml`.
 * @throws ConfigFileError, ConfigError with all problems of the file
 */
export async function loadStaticConfig(path: string): Promise<StaticConfig> {
  const absolute = resolve(path);
  const text = await readConfigFile(absolute);
  return parseStaticConfig(absolute, text);
}

/** @throws ConfigError */
export function parseStaticConfig(path: string, text: string): StaticConfig {
  const source = new YamlSource(basename(path), text);
  const problems: ConfigProblem[] = [];
  const settings = source.read(staticSchema, problems);
  if (settings !== undefined) checkStatic(source, settings, problems);
  if (settings === undefined || problems.length > 0) throw new ConfigError(problems);
  const configDirectory = dirname(path);
  return {
    ...withAbsolutePaths(settings, configDirectory),
    path,
    configDirectory,
    domainsPath: join(configDirectory, 'domains.yaml'),
  };
}

const tlsServices = ['submissions', 'imaps', 'https'] as const;
const services = ['smtp', 'submission', 'imap', 'http', 'metrics', ...tlsServices] as const;

/** Names the services of a listener; those that say `enabled: false` are left out. */
export type ServiceName = (typeof services)[number];

function checkStatic(source: YamlSource, settings: StaticSettings, problems: ConfigProblem[]): void {
  const taken = new Map<string, string>();
  for (const [name, listener] of Object.entries(settings.listeners)) {
    const path = ['listeners', name];
    const hasTls = listener.tls !== undefined && (listener.tls.certificates.length > 0 || listener.tls.selfSigned);
    if (listener.tls !== undefined && !hasTls) {
      problems.push(
        source.problem([...path, 'tls'], 'key', 'found no certificate, accepted: "certificates" or "selfSigned: true"'),
      );
    }
    for (const service of services) {
      const settings = listener[service];
      if (settings === undefined || !settings.enabled) continue;
      if (!hasTls && (tlsServices as readonly string[]).includes(service) && listener.tls === undefined) {
        problems.push(
          source.problem(
            [...path, service],
            'key',
            'needs certificates, accepted: with "tls" beside it in the listener',
          ),
        );
      }
      for (const address of listener.addresses) {
        const endpoint = `${address} port ${settings.port}`;
        const other = settings.port === 0 ? undefined : taken.get(endpoint);
        if (other !== undefined) {
          problems.push(
            source.problem(
              [...path, service],
              'key',
              `found ${endpoint}, which ${other} has, accepted: another port or address`,
            ),
          );
        }
        taken.set(endpoint, `listeners.${name}.${service}`);
      }
    }
  }
  if (settings.relay !== undefined && !Object.hasOwn(settings.transports, settings.relay)) {
    const found = foundText(settings.relay);
    problems.push(source.problem(['relay'], 'value', `found ${found}, accepted: a name under "transports"`));
  }
  for (const [name, transport] of Object.entries(settings.transports)) {
    if (name === 'direct' || name === 'fail') {
      problems.push(
        source.problem(['transports', name], 'key', `found ${foundText(name)}, accepted: another name: routes have it`),
      );
    }
    const needsHost = transport.kind === 'smtp' || transport.kind === 'socks';
    if (needsHost && transport.host === undefined) {
      problems.push(source.problem(['transports', name], 'key', 'found no host, accepted: with "host"'));
    }
    if (transport.kind === 'smtp' && isIP(transport.host ?? '') !== 0) {
      const accepted = 'a host name: certificates are for names';
      problems.push(
        source.problem(
          ['transports', name, 'host'],
          'value',
          `found ${foundText(transport.host)}, accepted: ${accepted}`,
        ),
      );
    }
    if (transport.disableIPv4 && transport.disableIPv6) {
      problems.push(
        source.problem(
          ['transports', name],
          'key',
          'found no family of addresses left, accepted: one of both disabled',
        ),
      );
    }
    if ((transport.username === undefined) === (transport.passwordFile === undefined)) continue;
    problems.push(
      source.problem(['transports', name], 'key', 'found half a login, accepted: username with passwordFile'),
    );
  }
}

function withAbsolutePaths(settings: StaticSettings, directory: string): StaticSettings {
  const absolute = (path: string): string => (isAbsolute(path) ? path : join(directory, path));
  const listeners = Object.entries(settings.listeners).map(([name, listener]) => {
    const certificates = listener.tls?.certificates.map((pair) => ({
      certificateFile: absolute(pair.certificateFile),
      privateKeyFile: absolute(pair.privateKeyFile),
    }));
    const tls = listener.tls && { ...listener.tls, certificates: certificates ?? [] };
    return [name, { ...listener, tls }] as const;
  });
  const transports = Object.entries(settings.transports).map(([name, transport]) => {
    const { passwordFile } = transport;
    return [name, { ...transport, passwordFile: passwordFile && absolute(passwordFile) }] as const;
  });
  return {
    ...settings,
    dataDirectory: absolute(settings.dataDirectory),
    adminPasswordFile: absolute(settings.adminPasswordFile),
    listeners: Object.fromEntries(listeners),
    transports: Object.fromEntries(transports),
  };
}
