import { access, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { makeDirectoryDurably, writeDurably } from '../../runtime/durable-file.ts';
import { mainProgram, type RunningServer } from '../main-program.ts';
import { untilStopped } from './serve.ts';

const account = 'me';
const address = 'me@localhost';
const password = 'localserve';

/** Runs a server for trying out: made on first use, on this machine only, nothing leaves it. */
export function localserve(command: Command): void {
  command
    .option('--dir <dir>', 'directory of the configuration and all data, made on first use', 'localserve')
    .option('--ip <address>', 'address to listen at; written on first use', parseAddress)
    .option('--json-log', 'log JSON instead of readable lines')
    .addHelpText(
      'after',
      '\nEvery recipient of every domain is accepted, and submitted mail comes back through the queue. A localpart that ends\n' +
        'in a reply code, "temperror" or "permerror" gets that failure, such as error550@localhost; "timeout" gets no reply.',
    )
    .action(async (options: { dir: string; ip?: string; jsonLog?: boolean }) => {
      const directory = resolve(options.dir);
      const staticConfigPath = join(directory, 'config', 'restante.yaml');
      const passwordFile = join(directory, 'config', 'adminpassword');
      if (await exists(staticConfigPath)) {
        if (options.ip !== undefined && !(await readFile(staticConfigPath, 'utf8')).includes(options.ip)) {
          process.stderr.write(
            `restante: --ip is left alone: "${staticConfigPath}" exists; change its addresses there\n`,
          );
        }
      } else await writeConfig(join(directory, 'config'), options.ip ?? '127.0.0.1');
      const { startServer } = await mainProgram();
      const server = await startServer({ staticConfigPath, overrides: { prettyLog: options.jsonLog !== true } });
      // The administration password is written last: without it, an earlier first start was cut short.
      if (!(await exists(passwordFile))) {
        await setFirstPasswords(join(directory, 'data'), passwordFile).catch(async (error: unknown) => {
          await server.stop();
          throw error;
        });
      }
      printSummary(server, directory, staticConfigPath);
      await untilStopped(server);
    });
}

async function setFirstPasswords(dataDirectory: string, passwordFile: string): Promise<void> {
  const [{ controlRequest }, { controlSocketName }, { writeAdminPassword }] = await Promise.all([
    import('../../control/control-client.ts'),
    import('../../control/control-message.ts'),
    import('../../config/admin-password.ts'),
  ]);
  await controlRequest(join(dataDirectory, controlSocketName), 'setAccountPassword', { account, password });
  await writeAdminPassword(passwordFile, password);
}

async function writeConfig(directory: string, ip: string): Promise<void> {
  await makeDirectoryDurably(directory);
  await writeDurably(
    join(directory, 'domains.yaml'),
    `# "restante config describe domains.yaml" explains every key.
domains:
  localhost:
    catchAll:
      account: ${account}

accounts:
  ${account}:
    domain: localhost
    fullName: Local User
    addresses:
      ${address}: {}
`,
  );
  await writeDurably(
    join(directory, 'restante.yaml'),
    `# A server for trying out. "restante config describe restante.yaml" explains every key.
dataDirectory: ../data
hostname: localhost
localserve: true
postmaster:
  account: ${account}

listeners:
  local:
    addresses:
      - ${JSON.stringify(ip)}
    tls:
      selfSigned: true
    # Only because this is for one machine: passwords without TLS.
    allowPlaintextAuth: true
    smtp:
      port: 1025
    submission:
      port: 1587
    submissions:
      port: 1465
    imap:
      port: 1143
    imaps:
      port: 1993
    http:
      port: 1080
    https:
      port: 1443
    metrics:
      port: 8010
`,
  );
}

const purposes: Record<string, string> = {
  smtp: 'mail from other servers, no login',
  submission: 'sending, STARTTLS or plain',
  submissions: 'sending, TLS',
  imap: 'reading, STARTTLS or plain',
  imaps: 'reading, TLS',
  http: 'web',
  https: 'web, TLS',
  metrics: '/metrics and /health',
};

function printSummary(server: RunningServer, directory: string, staticConfigPath: string): void {
  const lines = server.addresses.map(({ service, address: host, port }) => {
    const endpoint = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
    return `  ${service.padEnd(12)} ${endpoint.padEnd(17)} ${purposes[service] ?? ''}\n`;
  });
  const below = relative('', staticConfigPath);
  const configuration = below.startsWith('..') ? staticConfigPath : below;
  process.stdout.write(`
Restante is running, for trying out, from ${directory}

  account      ${address}, password ${password}
${lines.join('')}
  Every recipient is accepted, nothing leaves this machine. The certificate is self-signed.
  Other commands:  export RESTANTE_CONF=${configuration}
  Stop it with Ctrl-C. To start afresh, delete the directory.

`);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('It is not an IP address.');
  return text;
}
