import { join } from 'node:path';
import type { Database, DatabaseEngine } from '../../../database/engine.ts';
import type { TlsPolicy, TlsResult } from '../../../mailauth/tls-report/tls-result.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Log } from '../../../runtime/log.ts';
import { Suppressions } from '../../suppressions.ts';
import type { TlsFailureDetail, TlsPolicyReport } from '../tls-report.ts';
import type { operations, ResultRow } from './operations.ts';
import { tlsResultDatabase, tlsResultDatabasePath } from './results-database.ts';

/*
 * How TLS with other servers went, until it is reported to their domains, and addresses that get no reports.
 *
 * On disk, below the data directory: `tlsrptresult.db`. Sessions of one day that went alike are one row with a count. Rows go when their
 * report is in the queue, or when they are older than `limits.tlsResultDays`.
 *
 * No mail waits for it: what came within a second is written together. A crash may lose that second. A crash between the queue's taking
 * a report and the removal of its rows makes the report again, with the same report id.
 */

const dayMs = 24 * 60 * 60 * 1000;
const flushMs = 1_000;

/** What a failed session is remembered by. */
interface NotedFault {
  readonly type: string;
  readonly host?: string;
  readonly address?: string;
  readonly reason: string;
}

/** What is to be reported to one domain of one day. */
export interface DueTlsReport {
  /** A-labels. */
  readonly reportDomain: string;
  /** Since 1970, in UTC. */
  readonly day: number;
  readonly sessions: number;
  readonly failures: number;
}

export class TlsResults implements AsyncDisposable {
  readonly suppressions: Suppressions;
  readonly #database: Database<unknown, typeof operations>;
  readonly #clock: Clock;
  readonly #log: Log;
  #waiting = new Map<string, ResultRow>();
  #left = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(database: Database<unknown, typeof operations>, clock: Clock, log: Log) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
    this.suppressions = new Suppressions(database, clock);
  }

  static async open(options: {
    engine: DatabaseEngine;
    dataDirectory: string;
    clock: Clock;
    log: Log;
  }): Promise<TlsResults> {
    const path = join(options.dataDirectory, tlsResultDatabasePath);
    return new TlsResults(await options.engine.open(tlsResultDatabase, path), options.clock, options.log);
  }

  /**
   * Takes note, and returns at once. Never throws. What concerns the TLSA records of a host is for the host's own reports too, as its
   * operator is seldom that of the domains.
   */
  note({ recipientDomain, policy, host, address, fault }: TlsResult): void {
    const domains = new Set([recipientDomain, ...(policy.type === 'tlsa' ? [policy.domain] : [])]);
    const noted: NotedFault | undefined = fault && {
      type: fault.type,
      ...(host === undefined ? {} : { host }),
      ...(address === undefined ? {} : { address }),
      reason: fault.detail.slice(0, limits.dmarcReportText),
    };
    for (const reportDomain of domains) {
      // An address literal has no domain that could want reports.
      if (!reportDomain.startsWith('['))
        this.#add(reportDomain, policy, noted === undefined ? '' : JSON.stringify(noted));
    }
  }

  #add(reportDomain: string, policy: TlsPolicy, fault: string): void {
    const day = Math.floor(this.#clock.now() / dayMs);
    const row = { reportDomain, day, policy: JSON.stringify(policy), fault };
    const key = JSON.stringify(row);
    const known = this.#waiting.get(key);
    if (known === undefined && this.#waiting.size >= limits.tlsResultsWaiting) {
      this.#left++;
      return;
    }
    this.#waiting.set(key, { ...row, sessions: (known?.sessions ?? 0) + 1 });
    this.#timer ??= setTimeout(() => void this.#flush(), flushMs).unref();
  }

  /** Reports of days that are over, the oldest first. @param before undefined: also of the day that goes on */
  async due(before: number | undefined, limit: number): Promise<DueTlsReport[]> {
    await this.#flush();
    const today = before === undefined ? Number.MAX_SAFE_INTEGER : Math.floor(before / dayMs);
    return await this.#database.read((reader) =>
      reader.all<DueTlsReport>(
        `SELECT report_domain AS reportDomain, day, sum(sessions) AS sessions, total(iif(fault = '', 0, sessions)) AS failures
         FROM result WHERE day < ? GROUP BY day, report_domain ORDER BY day, report_domain LIMIT ?`,
        [today, limit],
      ),
    );
  }

  /** What a report says of each policy. */
  async policies({ reportDomain, day }: Pick<DueTlsReport, 'reportDomain' | 'day'>): Promise<TlsPolicyReport[]> {
    const rows = await this.#database.read((reader) =>
      reader.all<{ policy: string; fault: string; sessions: number }>(
        'SELECT policy, fault, sessions FROM result WHERE report_domain = ? AND day = ? ORDER BY policy, sessions DESC',
        [reportDomain, day],
      ),
    );
    return [...Map.groupBy(rows, ({ policy }) => policy)].map(([policy, results]) => {
      const { type, domain, strings, mxHosts } = JSON.parse(policy) as TlsPolicy;
      const failed = results.filter(({ fault }) => fault !== '');
      const sum = (some: typeof results): number => some.reduce((total, { sessions }) => total + sessions, 0);
      const failures = sum(failed);
      const details = failed.map(({ fault, sessions }): TlsFailureDetail => {
        const noted = JSON.parse(fault) as NotedFault;
        return {
          type: noted.type,
          sessions,
          ...(noted.host === undefined ? {} : { receivingHost: noted.host }),
          ...(noted.address === undefined ? {} : { receivingIp: noted.address }),
          reason: noted.reason,
        };
      });
      return { type, domain, strings, mxHosts, successes: sum(results) - failures, failures, details };
    });
  }

  /** Durable when the promise resolves. */
  async remove({ reportDomain, day }: Pick<DueTlsReport, 'reportDomain' | 'day'>): Promise<void> {
    await this.#database.write('removeResults', { reportDomain, day });
  }

  /** Forgets what is too old to be reported. */
  async dropStale(): Promise<{ sessions: number }> {
    const beforeDay = Math.floor(this.#clock.now() / dayMs) - limits.tlsResultDays;
    return await this.#database.write('dropStale', { beforeDay });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush();
    await this.#database[Symbol.asyncDispose]();
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const rows = [...this.#waiting.values()];
    this.#waiting = new Map();
    let left = this.#left;
    this.#left = 0;
    try {
      const today = Math.floor(this.#clock.now() / dayMs);
      left += (await this.#database.write('noteResults', { rows, today })).left;
    } catch (error) {
      this.#log.error({ err: error, count: rows.length }, 'TLS results not written down');
    }
    if (left > 0) this.#log.warn({ count: left }, 'TLS results not written down: there are too many');
  }
}
