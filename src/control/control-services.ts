import type { BackupProgress, BackupResult } from '../backup/take-backup.ts';
import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { Queue } from '../queue/queue.ts';
import type { RootLog } from '../runtime/log.ts';
import type { Account, Accounts } from '../store/account.ts';
import type { LoginAttempts } from '../store/login-attempts/login-attempts.ts';
import type { LogSeverity } from './control-message.ts';

/** What the commands need of a server, whether it is running or opened for one command. `main.ts` provides it. */
export interface ControlServices {
  /** Version of the software. */
  readonly software: string;
  readonly config: StaticConfig;
  readonly domains: Pick<LiveDomains, 'config' | 'edit' | 'reload'>;
  readonly logLevels: Pick<RootLog, 'levels' | 'setLevel'>;
  readonly accounts: Pick<Accounts, 'setPassword' | 'startMessage'> & { open(name: string): Promise<StoredAccount> };
  readonly loginAttempts: Pick<LoginAttempts, 'list'>;
  readonly queue: Pick<Queue, 'list' | 'hold' | 'unhold' | 'schedule' | 'fail' | 'drop' | 'dump'>;
  /** Asks the server to stop, and returns at once. */
  stop(): void;
  backup(options: BackupRequest): Promise<BackupResult>;
  /** Puts a message from this machine into the queue, as submission does: Message-ID and Date are added when missing. */
  submit(message: LocalSubmission): Promise<{ ids: number[] }>;
}

/** What import, export and bumpuidvalidity use of an account. */
export type StoredAccount = Pick<
  Account,
  'read' | 'createMailbox' | 'addMessages' | 'bumpUidValidity' | 'streamContent' | keyof AsyncDisposable
>;

export interface BackupRequest {
  /** Absolute. */
  destination: string;
  messageFiles: 'link' | 'copy';
  signal: AbortSignal;
  report(severity: 'error' | 'warning' | 'verbose', text: string, fields?: Record<string, unknown>): void;
  onProgress(progress: BackupProgress): void;
}

export interface LocalSubmission {
  /** Reverse-path; empty for the null one. */
  sender: string;
  recipients: string[];
  /** Also take recipients from To, Cc and Bcc, and remove Bcc. */
  recipientsFromHeader: boolean;
  /** For a From field when the message has none. */
  fullName: string | undefined;
  /** The message, with LF or CRLF line ends. */
  content: AsyncIterable<Uint8Array>;
  signal: AbortSignal;
}

/** How the severity of a backup's line is logged. */
export const backupSeverity: Record<'error' | 'warning' | 'verbose', LogSeverity> = {
  error: 'error',
  warning: 'warn',
  verbose: 'debug',
};
