import { join } from 'node:path';
import type { Command } from 'commander';
import { findDataDirectory } from '../config/find-data-directory.ts';
import { type ControlHandlers, controlRequest } from '../control/control-client.ts';
import type { ControlCommand } from '../control/control-command.ts';
import type { ControlCommandName } from '../control/control-commands.ts';
import { ServerNotRunningError } from '../control/control-error.ts';
import { controlSocketName } from '../control/control-message.ts';
import { configPath } from './config-path.ts';
import { interruption } from './interruption.ts';
import { mainProgram } from './main-program.ts';
import { ProgressLine } from './progress-line.ts';
import type { ShownWork } from './shown-work.ts';

/** Opens what one command needs of a stopped server. @throws DataDirectoryLockedError while a server runs */
export type OpenOffline = (options: {
  staticConfigPath: string;
}) => Promise<{ command: ControlCommand } & AsyncDisposable>;

interface RequestOptions extends Pick<ControlHandlers, 'input'> {
  /** Also show what is logged for debugging. */
  verbose?: boolean | undefined;
  /** Where log lines and progress go. Default: standard error. */
  shown?: ShownWork;
}

/**
 * Runs a command in the running server, showing log lines and progress on standard error.
 * @throws ServerNotRunningError and what the command fails with
 */
export async function serverRequest(
  command: Command,
  name: ControlCommandName,
  given: unknown,
  options: RequestOptions = {},
): Promise<unknown> {
  const dataDirectory = await findDataDirectory(configPath(command));
  const progress = options.shown ?? new ProgressLine();
  try {
    return await controlRequest(join(dataDirectory, controlSocketName), name, given, {
      input: options.input,
      onOutput: writeOut,
      signal: interruption(),
      onLog: (line) => {
        if (line.level !== 'debug' || options.verbose) progress.log(line);
      },
      onProgress: (step) => progress.show(step),
    });
  } finally {
    progress.clear();
  }
}

/** Like `serverRequest`; when no server runs, this process opens the data directory and does the same work itself. */
export async function serverOrOfflineRequest(
  command: Command,
  name: ControlCommandName,
  given: unknown,
  options: Pick<RequestOptions, 'verbose' | 'shown'> & { openOffline?: OpenOffline } = {},
): Promise<unknown> {
  try {
    return await serverRequest(command, name, given, options);
  } catch (error) {
    if (!(error instanceof ServerNotRunningError)) throw error;
  }
  await using opened = await (options.openOffline ?? openAny(name))({ staticConfigPath: configPath(command) });
  const offline = opened.command;
  const progress = options.shown ?? new ProgressLine();
  try {
    return await offline.run(offline.arguments.parse(given), {
      signal: interruption(),
      input: noInput(),
      output: writeOut,
      log: (level, message, fields = {}) => {
        if (level !== 'debug' || options.verbose) progress.log({ level, message, fields });
      },
      progress: (step) => progress.show(step),
    });
  } finally {
    progress.clear();
  }
}

function openAny(name: ControlCommandName): OpenOffline {
  return async (options) => {
    const [{ openOffline }, { controlCommands }] = await Promise.all([
      mainProgram(),
      import('../control/control-commands.ts'),
    ]);
    const services = await openOffline(options);
    return {
      command: controlCommands(services)[name],
      [Symbol.asyncDispose]: () => services[Symbol.asyncDispose](),
    };
  };
}

/** Writes to standard output no faster than it is read. */
async function writeOut(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

async function* noInput(): AsyncGenerator<Buffer, void> {}
