import type { z } from 'zod';
import type { LogSeverity, Progress } from './control-message.ts';

/** What a running command has beside its arguments. */
export interface CommandContext {
  /** Fires when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Shown to the person who runs the command. */
  log(level: LogSeverity, message: string, fields?: Record<string, unknown>): void;
  /** Call it as often as convenient: only some reach the client. */
  progress(progress: Progress): void;
  /** What the client sends, for commands that take input; bounded in memory. */
  readonly input: AsyncIterable<Buffer>;
  /** Bytes for the client's standard output. Wait for it before the next. */
  output(bytes: Uint8Array): Promise<void>;
}

/** One command of the control socket. */
export interface ControlCommand {
  readonly arguments: z.ZodType;
  /** Whether the client sends bytes beside the arguments. */
  readonly takesInput: boolean;
  run(given: unknown, context: CommandContext): Promise<unknown>;
}

export type CommandMap = Readonly<Record<string, ControlCommand>>;

/** Ties the type of the arguments to their schema. */
export function controlCommand<Schema extends z.ZodType>(
  schema: Schema,
  run: (given: z.output<Schema>, context: CommandContext) => Promise<unknown>,
  options: { takesInput?: boolean } = {},
): ControlCommand {
  return {
    arguments: schema,
    takesInput: options.takesInput ?? false,
    run: (given, context) => run(given as z.output<Schema>, context),
  };
}
