import type { ProgressReport } from '../backup/backup-progress.ts';
import type { BackupResult } from '../backup/take-backup.ts';
import type { Finding, VerifyResult } from '../backup/verification.ts';
import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { ImportMetrics } from '../imap-import/import-metrics.ts';
import type { Queue } from '../queue/queue.ts';
import type { DmarcEvaluations } from '../reports/dmarc/evaluations/evaluations.ts';
import type { ReceivedReports } from '../reports/dmarc/received/received-reports.ts';
import type { ReceivedTlsReports } from '../reports/tls/received/received-tls-reports.ts';
import type { TlsResults } from '../reports/tls/results/tls-results.ts';
import type { RootLog } from '../runtime/log.ts';
import type { Account } from '../store/account.ts';
import type { AccountAtRest } from '../store/account-at-rest.ts';
import type { Accounts } from '../store/accounts.ts';
import type { LoginAttempts } from '../store/login-attempts/login-attempts.ts';
import type { OpenSessions } from '../store/sessions/open-sessions.ts';
import type { TlsPublicKeys } from '../store/tls-public-keys/tls-public-keys.ts';
import type { LogSeverity } from './control-message.ts';

/** What the commands need of a server, whether it is running or opened for one command. `main.ts` provides it. */
export interface ControlServices {
  /** Version of the software. */
  readonly software: string;
  readonly config: StaticConfig;
  readonly domains: Pick<LiveDomains, 'config' | 'edit' | 'reload'>;
  readonly logLevels: Pick<RootLog, 'levels' | 'setLevel'>;
  readonly accounts: Pick<
    Accounts,
    'setPassword' | 'addAppPassword' | 'removeAppPassword' | 'startMessage' | 'exists'
  > & {
    open(name: string): Promise<StoredAccount>;
  };
  /** Those that are logged in: none without a running server. */
  readonly sessions: Pick<OpenSessions, 'list' | 'end' | 'revoke'>;
  readonly tlsPublicKeys: Pick<TlsPublicKeys, 'list' | 'get' | 'add' | 'remove'>;
  readonly loginAttempts: Pick<LoginAttempts, 'list'>;
  /** DMARC reports that came, and what is to be reported to others. */
  readonly dmarcReports: {
    readonly received: Pick<ReceivedReports, 'list' | 'records'>;
    readonly evaluations: Pick<DmarcEvaluations, 'due' | 'suppressions'>;
  };
  /** Reports on TLS with our servers that came, and what is to be reported on those of others. */
  readonly tlsReports: {
    readonly received: Pick<ReceivedTlsReports, 'list'>;
    readonly results: Pick<TlsResults, 'due' | 'policies' | 'suppressions'>;
  };
  readonly queue: Omit<Queue, 'submit' | 'kick' | typeof Symbol.asyncDispose>;
  /** Counts what imports from other servers bring. */
  readonly importMetrics: Pick<ImportMetrics, 'count' | 'countFailed'>;
  /** Asks the server to stop, and returns at once. */
  stop(): void;
  backup(options: BackupRequest): Promise<BackupResult>;
  /** Verifies the data directory as of one instant, while everything goes on. */
  verify(options: LiveVerifyRequest): Promise<LiveVerifyResult>;
  /** Brings a whole account back that is not there: its database and messages, from a backup. */
  installAccount(request: InstallRequest): Promise<void>;
  /** Makes the junk filter of an account anew from its messages. @returns messages of each kind that it has learned */
  retrainJunkFilter(account: string): Promise<{ ham: number; junk: number }>;
  /** Puts a message from this machine into the queue, as submission does: Message-ID and Date are added when missing. */
  submit(message: LocalSubmission): Promise<{ ids: number[] }>;
}

export type StoredAccount = Account;

export interface BackupRequest {
  /** Absolute. */
  destination: string;
  messageFiles: 'link' | 'copy';
  /** Most bytes copied in a second. */
  bytesPerSecond?: number | undefined;
  /** Waits for a backup that is being taken, instead of failing. */
  wait?: boolean | undefined;
  signal: AbortSignal;
  report(severity: 'error' | 'warning' | 'verbose', text: string, fields?: Record<string, unknown>): void;
  onProgress(progress: ProgressReport): void;
}

export interface InstallRequest {
  /** Absolute. */
  backup: string;
  /** Its name in the backup, and here. */
  account: string;
  name: string;
  /** When the backup was taken, milliseconds. */
  instant: number;
  /** The same account, opened. */
  source: AccountAtRest;
  /** Messages whose files are damaged are left out, instead of failing. */
  allowIncomplete: boolean;
  signal: AbortSignal;
  onDamaged(message: { mailbox: string; uid: number; subject: string; detail: string }): void;
  onProgress(done: number, total: number): void;
}

export interface LiveVerifyRequest {
  /** Parses every message again instead of a sample. */
  full: boolean;
  signal: AbortSignal;
  onFinding(finding: Finding): void;
  onProgress(progress: { phase: string; files: number; bytes: number }): void;
}

export interface LiveVerifyResult extends VerifyResult {
  readonly directory: string;
  readonly instant: string;
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

/** How the severity of a finding is logged. */
export const findingSeverity: Record<Finding['severity'], LogSeverity> = {
  error: 'error',
  warning: 'warn',
  note: 'info',
};
