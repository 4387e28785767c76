import { pino } from 'pino';

/** What the parts log with. Fields never hold secrets, message content or passwords. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds the fields to each line: a connection id, an account. */
  child(fields: Record<string, unknown>): Log;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The process's log, of which each part takes its own child with a level that can be changed while running. */
export interface RootLog {
  part(name: string): Log;
  /** Level of each part that has one of its own, and of all others under the empty name. */
  levels(): Record<string, LogLevel>;
  setLevel(part: string, level: LogLevel | undefined): void;
  flush(): void;
}

/**
 * @param pretty human-readable lines instead of JSON lines
 * @param levels by part name; the empty name is the default for all
 */
export function createLog(options: { pretty: boolean; levels: Record<string, LogLevel>; fd?: number }): RootLog {
  const levels = new Map(Object.entries(options.levels));
  const fd = options.fd ?? 2;
  const destination = options.pretty
    ? pino.transport({
        target: 'pino-pretty',
        options: { destination: fd, ignore: 'pid,hostname,part', messageFormat: '{part}: {msg}', singleLine: true },
      })
    : pino.destination({ fd, sync: true });
  const root = pino({ level: 'debug', base: undefined }, destination);
  const parts = new Map<string, pino.Logger[]>();
  const levelOf = (part: string): LogLevel => levels.get(part) ?? levels.get('') ?? 'info';

  return {
    part(name) {
      // Children made from a part's log copy its level when they are made: connections that are open keep theirs.
      const log = root.child({ part: name }, { level: levelOf(name) });
      parts.set(name, [...(parts.get(name) ?? []), log]);
      return log as unknown as Log;
    },
    levels: () => ({ ...Object.fromEntries(levels), '': levelOf('') }),
    setLevel(part, level) {
      if (level === undefined) levels.delete(part);
      else levels.set(part, level);
      for (const [name, logs] of parts) for (const log of logs) log.level = levelOf(name);
    },
    flush() {
      root.flush();
    },
  };
}

/** Says nothing: for tests and offline commands. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
