import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDkimKey } from '../../src/config/dkim-key.ts';
import { launcher } from '../harness/start-test-server.ts';
import { type TestCertificate, testCertificate } from '../harness/test-certificates.ts';
import { eventually } from '../peers/eventually.ts';
import type { Reader } from '../peers/read-mail.ts';
import type { Host } from './network.ts';
import type { Records } from './signed-dns.ts';

export interface SiteOptions {
  readonly host: Host;
  /** The first one is that of the host and of the account `me`; settings by domain, as in domains.yaml. */
  readonly domains: Readonly<Record<string, string>>;
  readonly authority: TestCertificate;
  /** Further lines of restante.yaml. */
  readonly settings?: string;
  /** Further accounts, each with the address `<name>@<domain>`. */
  readonly accounts?: readonly string[];
}

/** A Restante on a host of its own, as a user would set it up: with certificates, DKIM keys, a resolver, and the DNS records it prints. */
export interface Site extends AsyncDisposable {
  readonly hostname: string;
  /** Of the process that serves; another one after a restart. */
  pid(): number;
  readonly reader: Reader;
  /** Runs a command of it on its host. */
  command(args: readonly string[], input?: string): Promise<{ code: number; stdout: string; stderr: string }>;
  /** What `config dnsrecords` prints, with addresses. */
  records(domain: string): Promise<Records>;
  /** Sends a message as the account, by `restante sendmail`. */
  send(recipient: string, message: string, ...options: string[]): Promise<void>;
  log(): string;
  /** Stops it, lets somebody work on its data directory, and starts it again. */
  restart(meanwhile: (dataDirectory: string) => void | Promise<void>): Promise<void>;
}

export async function startSite({
  host,
  domains,
  authority,
  settings = '',
  accounts = [],
}: SiteOptions): Promise<Site> {
  const [domain] = Object.keys(domains) as [string, ...string[]];
  const hostname = `mx.${domain}`;
  const root = await mkdtemp(join(tmpdir(), `restante-site-${host.name}-`));
  const config = join(root, 'config');
  await mkdir(config);
  const hosts = [hostname, ...Object.keys(domains).map((name) => `mta-sts.${name}`)];
  const certificate = testCertificate({ name: hostname, hosts, issuer: authority });
  await writeFile(join(config, 'mx.pem'), certificate.certificate);
  await writeFile(join(config, 'mx.key'), certificate.key, { mode: 0o600 });
  await writeFile(join(root, 'authority.pem'), authority.certificate);
  for (const type of ['rsa', 'ed25519'] as const) {
    await writeFile(join(config, `${type}.pem`), createDkimKey(type).privatePem, { mode: 0o600 });
  }
  const configPath = join(config, 'restante.yaml');
  await writeFile(
    configPath,
    `dataDirectory: ../data
hostname: ${hostname}
postmaster: { account: me }
resolver: { servers: ["127.0.0.1"] }
listeners:
  public:
    addresses: [${host.address}]
    allowPlaintextAuth: true
    tls: { certificates: [{ certificateFile: mx.pem, privateKeyFile: mx.key }] }
    smtp:
    https:
    imap:
    submission:
${settings}`,
  );
  const dkim =
    'dkim: { selectors: { r: { privateKeyFile: rsa.pem }, e: { privateKeyFile: ed25519.pem } }, sign: [r, e] }';
  const account = (name: string, its: readonly string[]): string =>
    `  ${name}: { domain: ${domain}, firstTimeSenderDelay: 0, addresses: { ${its.join(', ')} } }\n`;
  const sections = Object.entries(domains).map(([name, more]) => `  ${name}:\n    ${dkim}\n${more}`);
  const addresses = Object.keys(domains).map((name) => `me@${name}: {}`);
  await writeFile(
    join(config, 'domains.yaml'),
    `domains:\n${sections.join('')}accounts:\n${account('me', addresses)}${accounts.map((name) => account(name, [`${name}@${domain}: {}`])).join('')}`,
  );
  const env = { NODE_EXTRA_CA_CERTS: join(root, 'authority.pem') };
  let program = host.start(process.execPath, [launcher, 'serve', '--config', configPath], { env });
  const isReady = (): Promise<true> =>
    eventually(`${hostname} is ready`, async () => program.output().includes('"ready"') || undefined);
  await isReady().catch((cause: unknown) => {
    throw new Error(`${hostname} does not start:\n${program.output()}`, { cause });
  });
  const command: Site['command'] = (args, input) =>
    host.run(
      'env',
      [`NODE_EXTRA_CA_CERTS=${env.NODE_EXTRA_CA_CERTS}`, process.execPath, launcher, ...args, '--config', configPath],
      input,
    );
  const ok = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await command(args, input);
    if (code !== 0) throw new Error(`restante ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  };
  await ok(['setaccountpassword', 'me'], 'secret\n');
  return {
    hostname,
    pid: () => program.pid,
    reader: { host: host.address, port: 143, user: `me@${domain}`, password: 'secret' },
    command,
    async records(name) {
      const lines = (await ok(['config', 'dnsrecords', name])).split('\n').filter((line) => /^[^;]/.test(line));
      if (name !== domain) return lines;
      const last = host.address.split('.').at(-1);
      return [...lines, `${hostname}. IN A ${host.address}`, `${last}.2.0.192.in-addr.arpa. IN PTR ${hostname}.`];
    },
    async send(recipient, message, ...options) {
      await ok(['sendmail', '-f', `me@${domain}`, ...options, recipient], message);
    },
    log: () => program.output(),
    async restart(meanwhile) {
      await ok(['stop']);
      await program.stop();
      await meanwhile(join(root, 'data'));
      program = host.start(process.execPath, [launcher, 'serve', '--config', configPath], { env });
      await isReady();
    },
    async [Symbol.asyncDispose]() {
      await program.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
