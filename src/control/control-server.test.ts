import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import { silentLog } from '../runtime/log.ts';
import { controlRequest } from './control-client.ts';
import { type CommandMap, controlCommand } from './control-command.ts';
import { InterruptedError, RemoteError, ServerNotRunningError, ServerRunningError } from './control-error.ts';
import type { LogMessage, Progress } from './control-message.ts';
import { type ControlServer, startControlServer } from './control-server.ts';

let directory: string;
let path: string;
let server: ControlServer | undefined;
let aborted: Promise<unknown>;

const nothing = z.strictObject({});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-control-'));
  path = join(directory, 'ctl');
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(directory, { recursive: true });
});

async function start(at = path): Promise<void> {
  let noticed: (reason: unknown) => void;
  aborted = new Promise((resolve) => {
    noticed = resolve;
  });
  const commands: CommandMap = {
    echo: controlCommand(z.strictObject({ word: z.string() }), async ({ word }) => ({ word })),
    fail: controlCommand(nothing, async () => {
      throw new RestanteError('no-luck', 'Cannot win: no luck', { hint: 'Try again.' });
    }),
    crash: controlCommand(nothing, async () => {
      throw new TypeError('x is undefined');
    }),
    wait: controlCommand(nothing, async (_, { signal, log }) => {
      log('info', 'waiting');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      noticed(signal.reason);
      signal.throwIfAborted();
    }),
    talk: controlCommand(nothing, async (_, { log, progress, output }) => {
      log('warn', 'look', { at: 'this' });
      progress({ step: 'copying', done: 1, total: 2, unit: 'messages' });
      await output(Buffer.alloc(3 * limits.controlChunkBytes + 1, 'a'));
    }),
    upper: controlCommand(
      nothing,
      async (_, { input, output }) => {
        for await (const chunk of input) await output(Buffer.from(chunk.toString().toUpperCase()));
      },
      { takesInput: true },
    ),
    deaf: controlCommand(nothing, async () => 'done', { takesInput: true }),
  };
  server = await startControlServer({ path: at, commands, software: '1.2.3', log: silentLog });
}

/** Sends text as it is and returns the lines that come back. */
async function raw(sent: string): Promise<Record<string, unknown>[]> {
  const socket = createConnection(path);
  socket.on('error', () => {});
  socket.write(sent);
  const lines = (await text(socket)).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a control command', () => {
  it('is answered with its result', async () => {
    await start();
    expect(await controlRequest(path, 'echo', { word: 'é' })).toEqual({ word: 'é' });
  });

  it('sends log lines, progress and output before its result', async () => {
    await start();
    const lines: LogMessage[] = [];
    const steps: Progress[] = [];
    let bytes = 0;
    const result = await controlRequest(
      path,
      'talk',
      {},
      {
        onLog: (line) => lines.push(line),
        onProgress: (step) => steps.push(step),
        onOutput: async (chunk) => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          bytes += chunk.length;
        },
      },
    );
    expect(result).toBeNull();
    expect(lines).toEqual([{ type: 'log', level: 'warn', message: 'look', fields: { at: 'this' } }]);
    expect(steps).toMatchObject([{ step: 'copying', done: 1, total: 2, unit: 'messages' }]);
    expect(bytes).toBe(3 * limits.controlChunkBytes + 1);
  });

  it('takes input larger than any buffer', async () => {
    await start();
    async function* input() {
      for (let at = 0; at < 40; at++) yield Buffer.alloc(100_000, 'b');
    }
    let bytes = 0;
    await controlRequest(
      path,
      'upper',
      {},
      {
        input: input(),
        onOutput: (chunk) => {
          expect(chunk.includes('b')).toBe(false);
          bytes += chunk.length;
        },
      },
    );
    expect(bytes).toBe(4_000_000);
  });

  it('may finish without looking at its input', async () => {
    await start();
    async function* input() {
      for (let at = 0; at < 40; at++) yield Buffer.alloc(100_000, 'b');
    }
    expect(await controlRequest(path, 'deaf', {}, { input: input() })).toBe('done');
  });

  it('fails with its code, message and hint', async () => {
    await start();
    const error = await controlRequest(path, 'fail', {}).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ code: 'no-luck', message: 'Cannot win: no luck', hint: 'Try again.' });
  });

  it('fails with a general code when something unforeseen happens', async () => {
    await start();
    await expect(controlRequest(path, 'crash', {})).rejects.toMatchObject({
      code: 'internal',
      message: 'Cannot finish the command: x is undefined',
    });
  });

  it('is cancelled when its client goes away', async () => {
    await start();
    const abort = new AbortController();
    const request = controlRequest(path, 'wait', {}, { signal: abort.signal, onLog: () => abort.abort() });
    await expect(request).rejects.toThrow(InterruptedError);
    expect(await aborted).toBeInstanceOf(InterruptedError);
  });

  it('is cancelled when the server stops', async () => {
    await start();
    let running: () => void = () => {};
    const isRunning = new Promise<void>((resolve) => {
      running = resolve;
    });
    const request = controlRequest(path, 'wait', {}, { onLog: () => running() }).catch((error: unknown) => error);
    await isRunning;
    await server?.close();
    expect(await request).toMatchObject({ code: 'interrupted' });
  });

  it('reaches a socket whose path is too long for the system', async () => {
    const deep = join(directory, 'x'.repeat(60), 'y'.repeat(60));
    await mkdir(deep, { recursive: true });
    await start(join(deep, 'ctl'));
    expect(await controlRequest(join(deep, 'ctl'), 'echo', { word: 'deep' })).toEqual({ word: 'deep' });
  });
});

describe('the control socket', () => {
  it('is for the owner only', async () => {
    await start();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('belongs to one server', async () => {
    await start();
    await expect(startControlServer({ path, commands: {}, software: '', log: silentLog })).rejects.toThrow(
      ServerRunningError,
    );
  });

  it('is replaced when a server that crashed left it behind', async () => {
    const crashed = createServer();
    await new Promise<void>((resolve) => crashed.listen(path, resolve));
    // Closing removes the socket, a crash does not.
    await rename(path, `${path}.kept`);
    await new Promise((resolve) => crashed.close(resolve));
    await rename(`${path}.kept`, path);
    await start();
    expect(await controlRequest(path, 'echo', { word: 'new' })).toEqual({ word: 'new' });
  });

  it('is gone with its server, and the client says so', async () => {
    await start();
    await server?.close();
    await expect(stat(path)).rejects.toThrow('ENOENT');
    const error = await controlRequest(path, 'echo', { word: '' }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ServerNotRunningError);
    expect((error as RestanteError).hint).toContain('restante serve');
  });

  it('is there until the end, so that who waits for it does not go on too early', async () => {
    await start();
    await server?.endCommands();
    const refused = await controlRequest(path, 'echo', { word: '' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RestanteError);
    expect(refused).not.toBeInstanceOf(ServerNotRunningError);
    await server?.close();
    const gone = await controlRequest(path, 'echo', { word: '' }).catch((error: unknown) => error);
    expect(gone).toBeInstanceOf(ServerNotRunningError);
  });

  it('closes while a client is connected that says nothing', async () => {
    await start();
    const socket = createConnection(path);
    await new Promise((resolve) => socket.once('data', resolve));
    const started = performance.now();
    await server?.close();
    expect(performance.now() - started).toBeLessThan(3000);
    socket.destroy();
  });

  it('never replaces a file that is no socket', async () => {
    await writeFile(path, 'precious');
    await expect(start()).rejects.toThrow('EADDRINUSE');
    expect(await readFile(path, 'utf8')).toBe('precious');
  });
});

describe('a client that breaks the protocol', () => {
  const hello = { type: 'hello', protocol: 1, software: '1.2.3' };
  const request = (more: object): string =>
    `${JSON.stringify({ type: 'request', protocol: 1, command: 'echo', arguments: { word: 'x' }, ...more })}\n`;

  it.each([
    ['bad JSON', '{"type":\n', 'Cannot run the command: the request is not a JSON object'],
    ['JSON that is no object', '[]\n', 'Cannot run the command: the request is not a JSON object'],
    ['input before a request', '{"type":"inputEnd"}\n', 'Cannot run the command: expected a request'],
    ['an unknown command', request({ command: 'nope' }), 'Cannot run the command: there is none called "nope"'],
    [
      'a command that is a property of every object',
      request({ command: 'constructor' }),
      'Cannot run the command: there is none called "constructor"',
    ],
    [
      'an argument of the wrong type',
      request({ arguments: { word: 1 } }),
      'Cannot run the command: arguments of "echo": word: Invalid input: expected string, received number',
    ],
    [
      'another version',
      request({ protocol: 99 }),
      'Cannot talk to the server: it speaks control protocol 1, this command 99',
    ],
    [
      'an endless line',
      'x'.repeat(limits.controlLineBytes + 1),
      `Cannot read a line: it is longer than ${limits.controlLineBytes} bytes`,
    ],
    [
      'a second request',
      `${request({ command: 'wait', arguments: {} })}${request({})}`,
      'Cannot run the command: expected nothing but input after the request',
    ],
  ])('is told of %s', async (_what, sent, message) => {
    await start();
    const answers = await raw(sent);
    expect(answers[0]).toEqual(hello);
    expect(answers.at(-1)).toMatchObject({ type: 'error', message });
  });

  it('never brings the server down', async () => {
    await start();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (line) => {
        const answers = await raw(`${line.replaceAll('\n', ' ')}\n`);
        expect(answers.at(-1)).toMatchObject({ type: 'error' });
      }),
      { numRuns: 50 },
    );
    expect(await controlRequest(path, 'echo', { word: 'still' })).toEqual({ word: 'still' });
  });
});

describe('a server that speaks another version', () => {
  it('is recognised by the client', async () => {
    const other = createServer((socket) => socket.end('{"type":"hello","protocol":2,"software":"9"}\n'));
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await expect(controlRequest(path, 'echo', {})).rejects.toThrow(
      'Cannot talk to the server: it speaks control protocol 2, this command 1',
    );
    await new Promise((resolve) => other.close(resolve));
  });

  it('or closes without an answer', async () => {
    const other = createServer((socket) => socket.resume().end('{"type":"hello","protocol":1,"software":"9"}\n'));
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await expect(controlRequest(path, 'echo', {})).rejects.toThrow('Cannot finish the command: the server closed');
    await new Promise((resolve) => other.close(resolve));
  });
});
