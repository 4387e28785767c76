import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A network of its own: hosts with one address each in 192.0.2.0/24, joined by a bridge. This process must be in a network namespace
 * and a mount namespace made for it (`unshare --net --mount`): it is the host with the bridge, and can have any number of addresses.
 */
export interface Network extends AsyncDisposable {
  /** Gives this process a further address. */
  addAddress(address: string): void;
  addHost(name: string, address: string): Host;
}

export interface Host {
  readonly name: string;
  readonly address: string;
  /** Starts a program there, which ends with the network. @returns its output so far */
  start(command: string, args: readonly string[], options?: { env?: NodeJS.ProcessEnv }): StartedProgram;
  /** Runs a program there to its end. */
  run(
    command: string,
    args: readonly string[],
    input?: string,
  ): Promise<{ code: number; stdout: string; stderr: string }>;
}

export interface StartedProgram {
  readonly pid: number;
  output(): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export const bridgeAddress = '192.0.2.1';

export function createNetwork(): Network {
  const own = execFileSync('ip', ['-o', 'link']).toString().trim().split('\n');
  if (own.length > 1) throw new Error('This is not a network namespace of its own: run "npm run test:network" as root');
  const ip = (...args: string[]): Buffer => execFileSync('ip', args);
  mkdirSync('/etc/netns', { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/etc/netns']);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'hub', 'type', 'bridge');
  ip('addr', 'add', `${bridgeAddress}/24`, 'dev', 'hub');
  ip('link', 'set', 'hub', 'up');
  const programs: StartedProgram[] = [];
  const names: string[] = [];
  return {
    addAddress: (address) => void ip('addr', 'add', `${address}/24`, 'dev', 'hub'),
    addHost(name, address) {
      const space = `restante-${name}-${process.pid}`;
      ip('netns', 'add', space);
      names.push(space);
      ip('link', 'add', `v-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
      ip('link', 'set', `v-${name}`, 'master', 'hub', 'up');
      ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', space, 'link', 'set', 'eth0', 'up');
      ip('-n', space, 'link', 'set', 'lo', 'up');
      // As on a machine: with the 10 of a new namespace Postfix can stand still, waiting for its own log.
      ip('netns', 'exec', space, 'sh', '-c', 'echo 512 > /proc/sys/net/unix/max_dgram_qlen');
      mkdirSync(join('/etc/netns', space));
      writeFileSync(join('/etc/netns', space, 'resolv.conf'), 'nameserver 127.0.0.1\noptions edns0 trust-ad\n');
      const inside = (command: string, args: readonly string[]): string[] => ['netns', 'exec', space, command, ...args];
      return {
        name,
        address,
        start(command, args, { env = {} } = {}) {
          const child = spawn('ip', inside(command, args), {
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...process.env, ...env },
          });
          let output = '';
          for (const stream of [child.stdout, child.stderr]) {
            stream.on('data', (chunk: Buffer) => {
              output = (output + chunk.toString()).slice(-100_000);
            });
          }
          const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
          const program: StartedProgram = {
            pid: child.pid!,
            output: () => output,
            async stop(signal = 'SIGTERM') {
              if (child.exitCode === null && child.signalCode === null) child.kill(signal);
              await ended;
            },
          };
          programs.push(program);
          return program;
        },
        async run(command, args, input = '') {
          const child = spawn('ip', inside(command, args), { stdio: ['pipe', 'pipe', 'pipe'] });
          const output = { stdout: '', stderr: '' };
          child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
          child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
          child.stdin.on('error', () => {});
          child.stdin.end(input);
          const code = await new Promise<number>((resolve, reject) => {
            child.once('error', reject);
            child.once('close', (status) => resolve(status ?? -1));
          });
          return { code, ...output };
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(programs.map((program) => program.stop()));
      for (const name of names) ip('netns', 'del', name);
      ip('link', 'del', 'hub');
      execFileSync('umount', ['/etc/netns']);
    },
  };
}
