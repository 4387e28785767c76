import type { RestoreResult } from '../backup/restore-backup.ts';
import type { VerifyResult } from '../backup/verification.ts';
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
  /** What SPF says of a client, and which records a domain has; with the resolver of the configuration, if there is one. */
  checkSpf(question: {
    staticConfigPath: string;
    ip: string;
    mailFrom: { localpart: string; domain: string } | undefined;
    helloName: string;
    signal: AbortSignal;
  }): Promise<SpfAnswer>;
  lookUpSpf(question: {
    staticConfigPath: string;
    domain: string;
    signal: AbortSignal;
  }): Promise<{ record: string; problem?: string }[]>;
  /** The DMARC record that is for a domain, and where it is; undefined when there is none. */
  lookUpDmarc(question: {
    staticConfigPath: string;
    domain: string;
    signal: AbortSignal;
  }): Promise<DmarcAnswer | undefined>;
  /** Where reports to a domain may go, and why not to the rest; undefined when it has no DMARC record. */
  checkReportAddresses(question: {
    staticConfigPath: string;
    domain: string;
    signal: AbortSignal;
  }): Promise<ReportAddressAnswer[] | undefined>;
  /** Reads an aggregate report: a message, XML, gzip or zip. */
  readDmarcReport(bytes: Buffer): Promise<DmarcReportAnswer>;
  /** Verifies the signatures of a message, whose lines end with CRLF. */
  verifyDkim(question: {
    staticConfigPath: string;
    content: AsyncIterable<Uint8Array>;
    signal: AbortSignal;
  }): Promise<DkimAnswer[]>;
  /** Asks DNS blocklists about an address, or only whether they work. */
  askDnsBlocklists(question: {
    staticConfigPath: string;
    /** None: those of the configuration. */
    lists: readonly string[];
    ip: string | undefined;
    signal: AbortSignal;
  }): Promise<{ list: string; problem?: string; entry?: { text: string } }[]>;
}

/** What the commands need of `main-at-rest.ts`, which works on directories that no server runs on. */
interface ProgramAtRest {
  /** Verifies a backup, or the data directory of a stopped server. Without `fix` nothing is changed. */
  verifyDirectory(
    options: LongWork & { directory: string; full: boolean; fix: boolean },
  ): Promise<VerifyResult & { kind: 'backup' | 'data' }>;
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

export interface DkimAnswer {
  readonly result: string;
  readonly signature?: { readonly domain: string; readonly selector: string; readonly algorithm: string };
  readonly problem?: string;
  readonly isTest?: boolean;
}

export interface DmarcAnswer {
  readonly domain: string;
  readonly text: string;
  /** Undefined: it is wrong, or there are several. */
  readonly policy: string | undefined;
}

export interface ReportAddressAnswer {
  readonly uri: string;
  readonly addresses: readonly { readonly address: string; readonly maxBytes: number | undefined }[];
  readonly problem?: string;
}

/** Times in milliseconds. */
export interface DmarcReportAnswer {
  readonly orgName: string;
  readonly reportId: string;
  readonly beginAt: number;
  readonly endAt: number;
  readonly errors: readonly string[];
  readonly policy: { readonly domain: string; readonly policy?: string };
  readonly records: readonly DmarcRecordAnswer[];
}

export interface DmarcRecordAnswer {
  readonly sourceIp: string;
  readonly count: number;
  readonly disposition: string;
  readonly dkim: string;
  readonly spf: string;
  readonly headerFrom: string;
  readonly reasons: readonly { readonly type: string }[];
}

export interface SpfAnswer {
  readonly result: string;
  readonly identity: 'mailfrom' | 'helo';
  readonly domain: string;
  readonly mechanism?: string;
  readonly explanation?: string;
  readonly problem?: string;
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
