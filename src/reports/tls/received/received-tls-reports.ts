import { join } from 'node:path';
import type { Database, DatabaseEngine } from '../../../database/engine.ts';
import type { TlsFailureDetail, TlsPolicyReport, TlsReport } from '../tls-report.ts';
import type { operations, TlsStoreOutcome } from './operations.ts';
import { receivedTlsDatabase, receivedTlsDatabasePath } from './received-database.ts';

/*
 * Reports of other servers on TLS with ours.
 *
 * On disk, below the data directory: `tlsrpt.db`. A report is there once for each sender, organisation and report id, with those of its
 * policies that are about us, or not at all. It goes after `limits.dmarcReportDays`.
 *
 * A report is stored before its message is acknowledged: a crash in between leaves it stored, and it counts once when it comes again.
 */

export interface ReceivedTlsReport extends TlsReport {
  readonly id: number;
  /** Domain that the message was shown to be from. */
  readonly sender: string;
  readonly receivedAt: number;
}

export class ReceivedTlsReports implements AsyncDisposable {
  readonly #database: Database<unknown, typeof operations>;

  private constructor(database: Database<unknown, typeof operations>) {
    this.#database = database;
  }

  static async open(options: { engine: DatabaseEngine; dataDirectory: string }): Promise<ReceivedTlsReports> {
    const path = join(options.dataDirectory, receivedTlsDatabasePath);
    return new ReceivedTlsReports(await options.engine.open(receivedTlsDatabase, path));
  }

  /** Durable when the promise resolves. @param report.sender A-labels */
  async store(report: { sender: string; report: TlsReport; now: number }): Promise<TlsStoreOutcome> {
    return await this.#database.write('storeReport', report);
  }

  /** The latest first. @param filter.domain A-labels: reports that have a policy of it @param filter.from milliseconds */
  async list(filter: {
    domain?: string | undefined;
    from?: number | undefined;
    limit: number;
  }): Promise<ReceivedTlsReport[]> {
    const { domain, from = 0, limit } = filter;
    const ofDomain = domain === undefined ? '' : 'AND EXISTS (SELECT 1 FROM policy WHERE report = r.id AND domain = ?)';
    return await this.#database.read(async (reader) => {
      const rows = await reader.all<ReportRow>(
        `SELECT * FROM report r WHERE end_at > ? ${ofDomain} ORDER BY end_at DESC, id DESC LIMIT ?`,
        [from, ...(domain === undefined ? [] : [domain]), limit],
      );
      const reports: ReceivedTlsReport[] = [];
      for (const row of rows) {
        const policies = await reader.all<PolicyRow>('SELECT * FROM policy WHERE report = ? ORDER BY id', [row.id]);
        reports.push(fromRows(row, policies));
      }
      return reports;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }
}

interface ReportRow {
  id: number;
  sender: string;
  organization: string;
  contact: string;
  report_id: string;
  begin_at: number;
  end_at: number;
  received_at: number;
}

interface PolicyRow {
  type: string;
  domain: string;
  successes: number;
  failures: number;
  strings: string;
  mx_hosts: string;
  details: string;
}

function fromRows(row: ReportRow, policies: readonly PolicyRow[]): ReceivedTlsReport {
  return {
    id: row.id,
    sender: row.sender,
    receivedAt: row.received_at,
    organization: row.organization,
    contact: row.contact,
    reportId: row.report_id,
    beginAt: row.begin_at,
    endAt: row.end_at,
    policies: policies.map(
      ({ type, domain, successes, failures, strings, mx_hosts, details }): TlsPolicyReport => ({
        type,
        domain,
        successes,
        failures,
        strings: JSON.parse(strings) as string[],
        mxHosts: JSON.parse(mx_hosts) as string[],
        details: JSON.parse(details) as TlsFailureDetail[],
      }),
    ),
  };
}
