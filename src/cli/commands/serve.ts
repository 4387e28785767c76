import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { interruption } from '../interruption.ts';
import { mainProgram, type RunningServer } from '../main-program.ts';

/** Runs the server until it is told to stop. */
export function serve(command: Command): void {
  command
    .option('--pretty-log', 'log readable lines instead of JSON (what a terminal gets anyway)')
    .option('--json-log', 'log JSON, on a terminal too')
    .action(async (options: { prettyLog?: boolean; jsonLog?: boolean }) => {
      const { startServer } = await mainProgram();
      const prettyLog = options.prettyLog ?? (process.stderr.isTTY === true && options.jsonLog !== true);
      await untilStopped(await startServer({ staticConfigPath: configPath(command), overrides: { prettyLog } }));
    });
}

/** Waits until the server has stopped, by command or by signal. Ctrl-C is the usual way to end it, and no failure. */
export async function untilStopped(server: RunningServer): Promise<void> {
  const signal = interruption();
  const stop = (): void => void server.stop().catch(() => {});
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  await server.stopped;
}
