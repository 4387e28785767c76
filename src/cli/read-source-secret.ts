import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { UsageError } from './exit-code.ts';
import { interruption } from './interruption.ts';
import { readPassword } from './read-secret.ts';

const longestBytes = 64 * 1024;
const commandMs = 120_000;

/**
 * The password, or token, of another server: from a file, from a command, from standard input, or asked for. Never from an argument, which
 * everybody on the machine can read.
 * @throws UsageError
 */
export async function readSourceSecret(options: {
  passwordFile?: string;
  passwordCommand?: string;
  user: string;
  host: string;
}): Promise<string> {
  const { passwordFile, passwordCommand, user, host } = options;
  if (passwordFile !== undefined && passwordCommand !== undefined) {
    throw new UsageError('Cannot take both --password-file and --password-command', 'Leave one of them out.');
  }
  if (passwordFile !== undefined) {
    const text = await readFile(passwordFile, 'utf8').catch((error: Error) => {
      throw new UsageError(`Cannot read the password from "${passwordFile}": ${error.message}`);
    });
    return firstLine(text, `"${passwordFile}"`);
  }
  if (passwordCommand !== undefined) return firstLine(await outputOf(passwordCommand), 'what the command printed');
  return firstLine(await readPassword(`Password of ${user} at ${host}: `), 'standard input');
}

async function outputOf(command: string): Promise<string> {
  try {
    const options = { maxBuffer: longestBytes, timeout: commandMs, signal: interruption() };
    return (await promisify(execFile)('/bin/sh', ['-c', command], options)).stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    const said = stderr.trim().split('\n').at(-1);
    throw new UsageError(`Cannot get the password: the command ended with ${code}${said ? `: ${said}` : ''}`);
  }
}

function firstLine(text: string, where: string): string {
  const line = text.split(/\r?\n/, 1)[0]!;
  if (line === '') throw new UsageError(`Cannot log in: ${where} has no password in its first line`);
  return line;
}
