import { text } from 'node:stream/consumers';
import { InterruptedError } from '../control/control-error.ts';
import { UsageError } from './exit-code.ts';

const longestBytes = 1000;

/**
 * Asks for a new password twice, without showing it; takes the first line of standard input when that is no terminal.
 * @throws UsageError when nothing, or two different things, came
 */
export async function readNewPassword(): Promise<string> {
  const { stdin } = process;
  if (!stdin.isTTY) return checked((await text(stdin)).split(/\r?\n/, 1)[0] ?? '');
  const first = await ask('New password: ');
  if (first !== (await ask('Again: '))) throw new UsageError('Cannot set password: the two are not the same');
  return checked(first);
}

/** Asks for the password of another server; takes what comes on standard input when that is no terminal. */
export async function readPassword(question: string): Promise<string> {
  return process.stdin.isTTY ? await ask(question) : await text(process.stdin);
}

function checked(password: string): string {
  if (password === '') throw new UsageError('Cannot set password: it is empty', 'Give it on standard input.');
  if (Buffer.byteLength(password) > longestBytes) {
    throw new UsageError(`Cannot set password: it is longer than ${longestBytes} bytes`);
  }
  return password;
}

/** Reads a line from the terminal, key by key, so that nothing is shown. */
function ask(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let line = '';
    const finish = (): void => {
      stdin.off('data', onKeys);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    };
    const onKeys = (keys: string): void => {
      for (const key of keys) {
        if (key === '\r' || key === '\n' || key === '\u0004') {
          finish();
          resolve(line);
          return;
        }
        if (key === '\u0003') {
          finish();
          reject(new InterruptedError());
          return;
        }
        if (key === '\u007f' || key === '\b') line = Array.from(line).slice(0, -1).join('');
        else if (key >= ' ') line += key;
      }
    };
    stdin.on('data', onKeys);
  });
}
