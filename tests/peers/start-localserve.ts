import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, launcher, runCommand } from '../harness/start-test-server.ts';
import { eventually } from './eventually.ts';

/** What `npm start` runs, at an address of this machine's loopback that nobody else has: its ports are fixed. */
export interface Localserve extends AsyncDisposable {
  readonly address: string;
  readonly directory: string;
  readonly dataDirectory: string;
  /** Of the server, self-signed, for the name `localhost` among others. */
  readonly certificateFile: string;
  /** Runs a command of the command line on this server's configuration. */
  command(args: readonly string[], input?: string): Promise<CommandResult>;
}

/** Those that localserve listens at. */
export const ports = {
  smtp: 1025,
  submission: 1587,
  submissions: 1465,
  imap: 1143,
  imaps: 1993,
  metrics: 8010,
} as const;
/** The account that localserve makes. */
export const me = { address: 'me@localhost', password: 'localserve' } as const;

export async function startLocalserve(): Promise<Localserve> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-localserve-'));
  const address = loopbackAddress();
  const child = spawn(process.execPath, [launcher, 'localserve', '--dir', directory, '--ip', address], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-20_000);
    });
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // The summary comes last, when the password is set.
  await eventually('localserve is ready', async () => {
    if (child.exitCode !== null) throw new Error(`It ended:\n${output}`);
    return output.includes('Stop it with Ctrl-C') || undefined;
  });
  const configPath = join(directory, 'config', 'restante.yaml');
  return {
    address,
    directory,
    dataDirectory: join(directory, 'data'),
    certificateFile: join(directory, 'data', 'tls', 'selfsigned.pem'),
    command: (args, input) => runCommand([...args, '--config', configPath], input),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await ended;
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** All of 127.0.0.0/8 is this machine. */
export function loopbackAddress(): string {
  const byte = (): number => 1 + Math.floor(Math.random() * 254);
  return `127.${byte()}.${byte()}.${byte()}`;
}
