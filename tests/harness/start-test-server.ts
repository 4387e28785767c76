import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { controlRequest } from '../../src/control/control-client.ts';
import type { ControlCommandName } from '../../src/control/control-commands.ts';
import { controlSocketName } from '../../src/control/control-message.ts';
import { freePorts } from './free-ports.ts';

/** The launcher, as a user runs it. */
export const launcher = resolve(import.meta.dirname, '../../bin/restante.js');

const services = ['smtp', 'submission', 'submissions', 'imap', 'imaps', 'metrics'] as const;
export type TestPorts = Record<(typeof services)[number], number>;

export interface TestServerOptions {
  /** Where `config/` and `data/` are, or will be; a temporary directory that is removed at the end unless given. */
  readonly directory?: string;
  /** Each with the address `<name>@example.org` and the password `secret`. Default: `me`. */
  readonly accounts?: readonly string[];
  readonly ports?: TestPorts;
  /** Further lines of restante.yaml. */
  readonly settings?: string;
  /** Further settings of accounts, as lines of domains.yaml without indentation. */
  readonly accountSettings?: Readonly<Record<string, string>>;
  /** Further lines of domains.yaml. */
  readonly domains?: string;
}

/** A Restante of its own process, run by the launcher, with one listener on 127.0.0.1. */
export interface TestServer extends AsyncDisposable {
  readonly directory: string;
  readonly dataDirectory: string;
  readonly configPath: string;
  readonly ports: TestPorts;
  readonly process: ChildProcess;
  /** Of the server itself, below the launcher. */
  readonly pid: number;
  /** Runs a command of the command line on this server's configuration. */
  command(...args: string[]): Promise<CommandResult>;
  /** Asks the server what a command asks it, without a process for the command. @throws RemoteError */
  control(command: ControlCommandName, given: unknown): Promise<unknown>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  /** SIGKILL: as a power cut does, as far as the process goes. */
  kill(): Promise<void>;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function makeTestConfig(
  options: TestServerOptions & { directory: string; ports: TestPorts },
): Promise<string> {
  const configDirectory = join(options.directory, 'config');
  await mkdir(configDirectory, { recursive: true });
  const accounts = options.accounts ?? ['me'];
  const listener = services.map((service) => `    ${service}: { port: ${options.ports[service]} }`).join('\n');
  const configPath = join(configDirectory, 'restante.yaml');
  await writeFile(
    configPath,
    `dataDirectory: ../data
hostname: mail.example.org
logLevel: warn
postmaster: { account: ${accounts[0]} }
listeners:
  test:
    addresses: [127.0.0.1]
    allowPlaintextAuth: true
    tls: { selfSigned: true }
${listener}
${options.settings ?? ''}
`,
  );
  const accountLines = accounts.map((name) => {
    const given = options.accountSettings?.[name]?.trimEnd() ?? '';
    // Tests wait only for what they are about.
    const settings = given.includes('firstTimeSenderDelay') ? given : `firstTimeSenderDelay: 0\n${given}`.trimEnd();
    const more = `${settings.replaceAll(/^/gm, '    ')}\n`;
    return `  ${name}:\n    domain: example.org\n    addresses:\n      ${name}@example.org: {}\n${more}`;
  });
  await writeFile(
    join(configDirectory, 'domains.yaml'),
    `domains:\n  example.org: {}\naccounts:\n${accountLines.join('')}${options.domains ?? ''}`,
  );
  return configPath;
}

/** Starts a server, with passwords set, and waits until it answers. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'restante-server-')));
  const ports = options.ports ?? (await choosePorts());
  const isNew = !existsSync(join(directory, 'config', 'restante.yaml'));
  const configPath = isNew
    ? await makeTestConfig({ ...options, directory, ports })
    : join(directory, 'config', 'restante.yaml');
  const child = spawn(process.execPath, [launcher, 'serve', '--config', configPath], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = (output + chunk).slice(-20_000)));
  await waitForHealth(ports.metrics, child, () => output);
  const command = (...args: string[]): Promise<CommandResult> => runCommand([...args, '--config', configPath]);
  const socket = join(directory, 'data', controlSocketName);
  const control = (name: ControlCommandName, given: unknown): Promise<unknown> => controlRequest(socket, name, given);
  if (isNew) {
    for (const account of options.accounts ?? ['me'])
      await control('setAccountPassword', { account, password: 'secret' });
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  };
  return {
    directory,
    dataDirectory: join(directory, 'data'),
    configPath,
    ports,
    process: child,
    pid: child.pid as number,
    command,
    control,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** A stopped server once more, in a directory of its own: what tests of a file begin with is made once. */
export async function copyOfStopped(server: TestServer): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-server-'));
  await cp(server.directory, directory, { recursive: true, preserveTimestamps: true });
  const configPath = join(directory, 'config', 'restante.yaml');
  return {
    ...server,
    directory,
    dataDirectory: join(directory, 'data'),
    configPath,
    command: (...args) => runCommand([...args, '--config', configPath]),
    control: (name, given) => controlRequest(join(directory, 'data', controlSocketName), name, given),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 3 }),
  };
}

export async function choosePorts(): Promise<TestPorts> {
  const ports = await freePorts(services.length);
  return Object.fromEntries(services.map((service, at) => [service, ports[at]])) as TestPorts;
}

/** Runs the launcher to its end. */
export async function runCommand(args: readonly string[], input = ''): Promise<CommandResult> {
  const child = spawn(process.execPath, [launcher, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += chunk));
  child.stderr.on('data', (chunk) => (output.stderr += chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? -1));
  });
  return { code, ...output };
}

async function waitForHealth(port: number, child: ChildProcess, output: () => string): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`The server ended:\n${output()}`);
    const healthy = await fetch(`http://127.0.0.1:${port}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (healthy) return;
    if (Date.now() > end) throw new Error(`The server does not answer after 30 seconds:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The result that a command with `--json` ends with, after its events. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the command prints
export function resultOf({ stdout }: CommandResult): any {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}
