import { join } from 'node:path';
import type { Database, DatabaseEngine, Parameter } from '../../../database/engine.ts';
import type {
  AggregateReport,
  DkimAuthResult,
  OverrideReason,
  ReportRecord,
  SpfAuthResult,
} from '../aggregate-report.ts';
import type { operations, StoredReport, StoreOutcome } from './operations.ts';
import { receivedDatabase, receivedDatabasePath } from './received-database.ts';

/*
 * DMARC reports that other servers have sent about our domains.
 *
 * On disk, below the data directory: `dmarcrpt.db`. A report is there once for each sender, organisation, report id and domain, with
 * all its records, or not at all. It goes after `limits.dmarcReportDays`.
 *
 * A report is stored before its message is acknowledged: a crash in between leaves it stored, and it counts once when it comes again.
 */

/** A report without its records, and how many messages it counts. */
export interface ReceivedReport extends Omit<AggregateReport, 'records'> {
  readonly id: number;
  /** Domain that the message was shown to be from. */
  readonly sender: string;
  readonly receivedAt: number;
  readonly messages: ReportCounts;
}

export interface ReportCounts {
  readonly all: number;
  /** DKIM or SPF passed, aligned. */
  readonly passed: number;
  readonly quarantined: number;
  readonly rejected: number;
}

export interface ReportFilter {
  /** A-labels; reports about it and about no other. */
  readonly domain?: string | undefined;
  /** Milliseconds: reports whose time ends after `from`, and begins before `to`. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** The latest first. */
  readonly limit: number;
}

export class ReceivedReports implements AsyncDisposable {
  readonly #database: Database<unknown, typeof operations>;

  private constructor(database: Database<unknown, typeof operations>) {
    this.#database = database;
  }

  static async open(options: { engine: DatabaseEngine; dataDirectory: string }): Promise<ReceivedReports> {
    const path = join(options.dataDirectory, receivedDatabasePath);
    return new ReceivedReports(await options.engine.open(receivedDatabase, path));
  }

  /** Durable when the promise resolves. */
  async store(report: StoredReport): Promise<StoreOutcome> {
    return await this.#database.write('storeReport', report);
  }

  async list({ domain, from, to, limit }: ReportFilter): Promise<ReceivedReport[]> {
    const terms: string[] = [];
    const parameters: Parameter[] = [];
    const add = (term: string, parameter: Parameter | undefined): void => {
      if (parameter === undefined) return;
      terms.push(term);
      parameters.push(parameter);
    };
    add('domain = ?', domain);
    add('end_at > ?', from);
    add('begin_at < ?', to);
    const rows = await this.#database.read((reader) =>
      reader.all<ReportRow>(
        `SELECT report.*, total(count) AS messages, total(iif(dkim = 'pass' OR spf = 'pass', count, 0)) AS passed,
           total(iif(disposition = 'quarantine', count, 0)) AS quarantined, total(iif(disposition = 'reject', count, 0)) AS rejected
         FROM (SELECT * FROM report ${terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`} ORDER BY end_at DESC, id DESC LIMIT ?) report
         LEFT JOIN record ON record.report = report.id GROUP BY report.id ORDER BY end_at DESC, report.id DESC`,
        [...parameters, limit],
      ),
    );
    return rows.map(fromRow);
  }

  /** The records of a report, in its order; none when there is no such report. */
  async records(id: number): Promise<ReportRecord[]> {
    const rows = await this.#database.read((reader) =>
      reader.all<RecordRow>('SELECT * FROM record WHERE report = ? ORDER BY id', [id]),
    );
    return rows.map((row) => {
      const results = JSON.parse(row.results) as { dkim: DkimAuthResult[]; spf: SpfAuthResult[] };
      return {
        sourceIp: row.source_ip,
        count: row.count,
        disposition: row.disposition,
        dkim: row.dkim,
        spf: row.spf,
        reasons: JSON.parse(row.reasons) as OverrideReason[],
        headerFrom: row.header_from,
        ...(row.envelope_from === null ? {} : { envelopeFrom: row.envelope_from }),
        ...(row.envelope_to === null ? {} : { envelopeTo: row.envelope_to }),
        dkimResults: results.dkim,
        spfResults: results.spf,
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }
}

interface ReportRow {
  id: number;
  sender: string;
  org: string;
  report_id: string;
  domain: string;
  email: string;
  contact: string | null;
  begin_at: number;
  end_at: number;
  received_at: number;
  policy: string;
  errors: string;
  messages: number;
  passed: number;
  quarantined: number;
  rejected: number;
}

interface RecordRow {
  source_ip: string;
  count: number;
  disposition: string;
  dkim: string;
  spf: string;
  header_from: string;
  envelope_from: string | null;
  envelope_to: string | null;
  reasons: string;
  results: string;
}

function fromRow(row: ReportRow): ReceivedReport {
  return {
    id: row.id,
    sender: row.sender,
    receivedAt: row.received_at,
    orgName: row.org,
    email: row.email,
    ...(row.contact === null ? {} : { contact: row.contact }),
    reportId: row.report_id,
    beginAt: row.begin_at,
    endAt: row.end_at,
    errors: JSON.parse(row.errors) as string[],
    policy: JSON.parse(row.policy) as AggregateReport['policy'],
    messages: {
      all: row.messages,
      passed: row.passed,
      quarantined: row.quarantined,
      rejected: row.rejected,
    },
  };
}
