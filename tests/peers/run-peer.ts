import { spawn } from 'node:child_process';

export interface PeerResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PeerOptions {
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** After this the program is killed. */
  readonly timeoutMs?: number;
}

/** Runs a mail program to its end. Its output is one character a byte. */
export async function runPeer(
  command: string,
  args: readonly string[],
  options: PeerOptions = {},
): Promise<PeerResult> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
  // A program that ends without reading its input breaks the pipe, which is its good right.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const output = (): Omit<PeerResult, 'code'> => ({
    stdout: Buffer.concat(chunks.stdout).toString('latin1'),
    stderr: Buffer.concat(chunks.stderr).toString('latin1'),
  });
  const timeoutMs = options.timeoutMs ?? 90_000;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? -1));
  }).finally(() => clearTimeout(timer));
  if (late) {
    const { stdout, stderr } = output();
    throw new Error(`${command} ${args.join(' ')} does not end within ${timeoutMs} ms:\n${stdout}\n${stderr}`);
  }
  return { code, ...output() };
}

/** Runs a mail program that must end well. @returns its standard output */
export async function runPeerOk(command: string, args: readonly string[], options?: PeerOptions): Promise<string> {
  const { code, stdout, stderr } = await runPeer(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}
