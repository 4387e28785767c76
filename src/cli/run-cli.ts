import { Command, CommanderError } from 'commander';
import { commandMap } from './command-map.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { printError } from './print-error.ts';

/**
 * Runs one command.
 * @param words the command line, without the program
 * @returns the exit code
 */
export async function runCli(words: string[]): Promise<number> {
  const program = createProgram();
  const name = words.find((word, at) => !word.startsWith('-') && words[at - 1] !== '--config');
  try {
    if (name !== undefined && Object.hasOwn(commandMap, name)) {
      const command = program.commands.find((each) => each.name() === name);
      if (command !== undefined) (await commandMap[name].load())(command);
    }
    await program.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? exitCode.done);
  } catch (error) {
    // Help and version end here too, with 0; commander has printed what there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    if (isClosedOutput(error)) return exitCode.done;
    printError(error);
    return exitCodeOf(error);
  }
}

/** Who was to read what a command prints has gone. */
function isClosedOutput(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' && syscall === 'write';
}

/** The program with the names of all commands; what a command takes is added when it is loaded. */
export function createProgram(): Command {
  const program = new Command('restante')
    .description('A mail server in one process over one data directory.')
    .option('--config <file>', 'configuration file (otherwise $RESTANTE_CONF, or config/restante.yaml)')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help')
    .showHelpAfterError('Run with --help to see how to use it.')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but incomplete, 4 server not running or data directory in use,\n130 interrupted.',
    );
  for (const [name, { summary }] of Object.entries(commandMap)) program.command(name).description(summary);
  return program;
}
