import { join } from 'node:path';
import type { Database, DatabaseEngine } from '../../../database/engine.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { limits } from '../../../runtime/limits.ts';
import type { Log } from '../../../runtime/log.ts';
import { Suppressions } from '../../suppressions.ts';
import type { PublishedPolicy, ReportRecord } from '../aggregate-report.ts';
import type { DmarcEvaluation, DueReport } from './evaluation.ts';
import { evaluationDatabase, evaluationDatabasePath } from './evaluation-database.ts';
import type { EvaluationRow, operations } from './operations.ts';
import { reportIntervalHours } from './report-interval.ts';

/*
 * What was made of messages of other domains, until it is reported to them, and addresses that get no reports.
 *
 * On disk, below the data directory: `dmarceval.db`. Evaluations of one hour that are alike are one row with a count. Rows go when
 * their report is in the queue, or when they are older than `limits.dmarcEvaluationHours`.
 *
 * No message waits for it: what came within a second is written together. A crash may lose that second. A crash between the queue's
 * taking a report and the removal of its rows makes the report again, with the same report id.
 */

const hourMs = 60 * 60 * 1000;
const flushMs = 1_000;

export class DmarcEvaluations implements AsyncDisposable {
  readonly #database: Database<unknown, typeof operations>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly suppressions: Suppressions;
  #waiting = new Map<string, EvaluationRow>();
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
  }): Promise<DmarcEvaluations> {
    const path = join(options.dataDirectory, evaluationDatabasePath);
    return new DmarcEvaluations(await options.engine.open(evaluationDatabase, path), options.clock, options.log);
  }

  /** Takes note, and returns at once. Never throws. */
  note({ policyDomain, policy, intervalSeconds, record }: DmarcEvaluation): void {
    const row = {
      policyDomain,
      hour: Math.floor(this.#clock.now() / hourMs),
      intervalHours: reportIntervalHours(intervalSeconds),
      policy: JSON.stringify(policy),
      record: JSON.stringify(record),
    };
    const key = JSON.stringify(row);
    const known = this.#waiting.get(key);
    if (known === undefined && this.#waiting.size >= limits.dmarcEvaluationsWaiting) {
      this.#left++;
      return;
    }
    this.#waiting.set(key, { ...row, count: (known?.count ?? 0) + 1 });
    this.#timer ??= setTimeout(() => void this.#flush(), flushMs).unref();
  }

  /** Reports whose interval is over, the oldest first. @param before instant; undefined: also those whose interval goes on */
  async due(before: number | undefined, limit: number): Promise<DueReport[]> {
    await this.#flush();
    const endHour = before === undefined ? Number.MAX_SAFE_INTEGER : Math.floor(before / hourMs);
    const rows = await this.#database.read((reader) =>
      reader.all<DueRow>(
        `SELECT policy_domain, policy, interval_hours, hour - hour % interval_hours AS begin_hour, sum(count) AS messages
         FROM evaluation WHERE hour - hour % interval_hours + interval_hours <= ?
         GROUP BY policy_domain, policy, interval_hours, begin_hour ORDER BY begin_hour, policy_domain LIMIT ?`,
        [endHour, limit],
      ),
    );
    return rows.map((row) => ({
      policyDomain: row.policy_domain,
      policy: JSON.parse(row.policy) as PublishedPolicy,
      intervalHours: row.interval_hours,
      beginHour: row.begin_hour,
      endHour: row.begin_hour + row.interval_hours,
      messages: row.messages,
    }));
  }

  /** What a report counts, most messages first; at most `limits.dmarcReportRecords`. */
  async records(report: DueReport): Promise<ReportRecord[]> {
    const rows = await this.#database.read((reader) =>
      reader.all<{ record: string; count: number }>(
        `SELECT record, sum(count) AS count FROM evaluation
         WHERE policy_domain = ? AND hour >= ? AND hour < ? AND interval_hours = ? AND policy = ?
         GROUP BY record ORDER BY count DESC, record LIMIT ?`,
        [...keyOf(report), limits.dmarcReportRecords],
      ),
    );
    return rows.map(({ record, count }) => ({ ...(JSON.parse(record) as Omit<ReportRecord, 'count'>), count }));
  }

  /** Durable when the promise resolves. */
  async remove(report: DueReport): Promise<void> {
    const { policyDomain, intervalHours, beginHour, endHour } = report;
    const policy = JSON.stringify(report.policy);
    await this.#database.write('removeEvaluations', { policyDomain, policy, intervalHours, beginHour, endHour });
  }

  /** Forgets what is too old to be reported. */
  async dropStale(): Promise<{ messages: number }> {
    const beforeHour = Math.floor(this.#clock.now() / hourMs) - limits.dmarcEvaluationHours;
    return await this.#database.write('dropStale', { beforeHour });
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
      const nowHour = Math.floor(this.#clock.now() / hourMs);
      left += (await this.#database.write('noteEvaluations', { rows, nowHour })).left;
    } catch (error) {
      this.#log.error({ err: error, count: rows.length }, 'DMARC evaluations not written down');
    }
    if (left > 0) this.#log.warn({ count: left }, 'DMARC evaluations not written down: there are too many');
  }
}

interface DueRow {
  policy_domain: string;
  policy: string;
  interval_hours: number;
  begin_hour: number;
  messages: number;
}

function keyOf({ policyDomain, beginHour, endHour, intervalHours, policy }: DueReport) {
  return [policyDomain, beginHour, endHour, intervalHours, JSON.stringify(policy)] as const;
}
