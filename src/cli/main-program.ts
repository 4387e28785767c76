import type { RestoreResult } from '../backup/restore-backup.ts';
import type { VerifyResult } from '../backup/verification.ts';
import type { ControlCommand } from '../control/control-command.ts';
import type { LogSeverity, Progress } from '../control/control-message.ts';
import type { ControlServices } from '../control/control-services.ts';

/** What the commands need of `main.ts`, which wires the server together. Loaded only by commands that run something. */
interface MainProgram {
  /** Starts the whole server and takes the data directory for this process. */
  startServer(options: StartOptions): Promise<RunningServer>;
  /**
   * Opens the data directory of a stopped server for one command.
   * @throws DataDirectoryLockedError while a server runs
   */
  openOffline(options: { staticConfigPath: string }): Promise<ControlServices & AsyncDisposable>;
}

/** What the commands need of `main-at-rest.ts`, which works on directories that no server runs on. */
interface ProgramAtRest {
  /** Verifies a backup, or the data directory of a stopped server. Without `fix` nothing is changed. */
  verifyDirectory(
    options: LongWork & { directory: string; full: boolean; fix: boolean },
  ): Promise<VerifyResult & { kind: 'backup' | 'data' }>;
  /**
   * Opens the data directory of a stopped server with what the command "backup" needs.
   * @throws DataDirectoryLockedError while a server runs
   */
  openForBackup(options: { staticConfigPath: string }): Promise<{ command: ControlCommand } & AsyncDisposable>;
  /** Restores a backup; both directories must be missing or empty. */
  restoreDirectory(
    options: LongWork & {
      backup: string;
      dataDirectory: string;
      configDirectory: string | undefined;
      allowIncomplete: boolean;
      fromVersion: number | undefined;
      dryRun: boolean;
    },
  ): Promise<RestoreResult>;
}

export interface StartOptions {
  staticConfigPath: string;
  overrides: {
    /** Readable lines instead of JSON. */
    prettyLog?: boolean;
  };
}

export interface RunningServer {
  /** Stops in order: everything acknowledged is on disk when it resolves. */
  stop(): Promise<void>;
  /** Resolves when the server has stopped, also by `restante stop`. */
  readonly stopped: Promise<void>;
  /** What it listens at. */
  readonly addresses: readonly ListeningAddress[];
}

export interface ListeningAddress {
  /** Name of the listener in restante.yaml. */
  listener: string;
  service: string;
  address: string;
  port: number;
}

interface LongWork {
  signal: AbortSignal;
  log(level: LogSeverity, message: string, fields?: Record<string, unknown>): void;
  progress(progress: Progress): void;
}

export async function mainProgram(): Promise<MainProgram> {
  return await import('../main.ts');
}

export async function programAtRest(): Promise<ProgramAtRest> {
  return await import('../main-at-rest.ts');
}
