import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { launcher } from '../../harness/start-test-server.ts';

export interface KillableCommand {
  readonly child: ChildProcess;
  /** The exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
  /** Kills it after a while, if it hasn't ended. @returns its exit code */
  killAfter(ms: number, signal?: NodeJS.Signals): Promise<number | null>;
  output(): string;
}

/** Starts a command of the command line that a test is going to kill. */
export function startCommand(...args: string[]): KillableCommand {
  const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    child,
    ended,
    async killAfter(ms, signal = 'SIGKILL') {
      await Promise.race([wait(ms), ended]);
      child.kill(signal);
      return await ended;
    },
    output: () => output,
  };
}
