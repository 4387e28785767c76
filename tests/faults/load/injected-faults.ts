import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { DriverAnswer, DriverRequest } from './fault-driver.ts';

export const faultKinds = { count: 0, ENOSPC: 1, EIO: 2, EACCES: 3, short: 4, kill: 5 } as const;
export type FaultKind = keyof typeof faultKinds;

export interface Fault {
  readonly kind: FaultKind;
  /** Calls on paths that begin so are meant. */
  readonly prefix: string;
  readonly calls: 'writes' | 'reads';
  /** The n-th of them, from 1. */
  readonly at: number;
  /** Whether all after it fail too. */
  readonly lasting: boolean;
}

/** Why faults can't be injected here, or undefined. */
export function noFaultsReason(): string | undefined {
  if (process.platform !== 'linux') return 'faults are injected on Linux only';
  return existsSync('/usr/bin/gcc') ? undefined : 'gcc is needed to build the shim';
}

const controlBytes = 4 * 4 + 3 * 8 + 512 + 32;
const callAt = 4 * 4 + 3 * 8 + 512;

/** A process under the shim that takes backups, verifies and restores, in which calls can be made to fail. */
export class FaultDriver implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #controlPath: string;

  private constructor(child: ChildProcess, controlPath: string) {
    this.#child = child;
    this.#controlPath = controlPath;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /** @param directory for the shim and its control file; private to the caller */
  static async start(directory: string, configPath: string): Promise<FaultDriver> {
    const shim = join(directory, 'fault-shim.so');
    if (!existsSync(shim)) {
      const source = join(import.meta.dirname, 'fault-shim.c');
      await promisify(execFile)('gcc', ['-shared', '-fPIC', '-O2', '-o', shim, source, '-ldl']);
    }
    const controlPath = join(directory, `control-${Math.random().toString(36).slice(2)}`);
    await writeFile(controlPath, Buffer.alloc(4096));
    const child = spawn(process.execPath, [join(import.meta.dirname, 'fault-driver.ts'), configPath], {
      // Its log says again what its answers say.
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, LD_PRELOAD: shim, RESTANTE_FAULT_FILE: controlPath },
    });
    child.stdin!.on('error', () => {});
    const driver = new FaultDriver(child, controlPath);
    const { value } = await driver.#lines.next();
    if (value !== 'ready') throw new Error(`The driver says "${value}"`);
    return driver;
  }

  /**
   * Runs something while calls fail.
   * @returns how many calls there were, which was hit, and what came of it; no answer when the process was killed
   */
  async run(
    request: DriverRequest,
    fault?: Fault,
  ): Promise<{ answer: DriverAnswer | undefined; calls: number; hits: number; call: string }> {
    await this.#set(fault);
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    const state = await this.#read();
    await this.#set(undefined);
    return { answer: done ? undefined : (JSON.parse(value as string) as DriverAnswer), ...state };
  }

  async #set(fault: Fault | undefined): Promise<void> {
    const bytes = Buffer.alloc(controlBytes);
    if (fault !== undefined) {
      bytes.writeUInt32LE(1, 0);
      bytes.writeUInt32LE(faultKinds[fault.kind], 4);
      bytes.writeUInt32LE(fault.calls === 'writes' ? 1 : 2, 8);
      bytes.writeUInt32LE(fault.lasting ? 1 : 0, 12);
      bytes.writeBigUInt64LE(BigInt(fault.at), 16);
      bytes.write(fault.prefix, 40, 'utf8');
    }
    await using file = await open(this.#controlPath, 'r+');
    await file.write(bytes, 0, bytes.length, 0);
  }

  async #read(): Promise<{ calls: number; hits: number; call: string }> {
    const bytes = Buffer.alloc(controlBytes);
    await using file = await open(this.#controlPath, 'r');
    await file.read(bytes, 0, bytes.length, 0);
    const call = bytes.toString('latin1', callAt, controlBytes).replace(/\0.*$/s, '');
    return { calls: Number(bytes.readBigUInt64LE(24)), hits: Number(bytes.readBigUInt64LE(32)), call };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await ended;
  }
}
