import type { Migration, Transactor } from '../../../database/engine.ts';
import { limits } from '../../../runtime/limits.ts';
import { suppressionOperations, suppressionTable } from '../../suppression.ts';

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
-- Sessions of one day that went alike are one row.
CREATE TABLE result (
  -- Domain that the report goes to, in A-labels: that of recipients, or a host with TLSA records.
  report_domain TEXT NOT NULL,
  -- Since 1970, in UTC.
  day INTEGER NOT NULL,
  -- JSON: TlsPolicy; NotedFault, or '' for success.
  policy TEXT NOT NULL,
  fault TEXT NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (report_domain, day, policy, fault)
) STRICT, WITHOUT ROWID;
CREATE INDEX result_day ON result (day);
${suppressionTable}`,
  },
];

export interface ResultRow {
  readonly reportDomain: string;
  readonly day: number;
  readonly policy: string;
  readonly fault: string;
  readonly sessions: number;
}

type Write = Transactor<unknown>;

/** Adds results to those alike, and forgets what is too old to be reported. @returns how many were too many to be kept */
async function noteResults(
  write: Write,
  { rows, today }: { rows: readonly ResultRow[]; today: number },
): Promise<{ left: number }> {
  await write.run('DELETE FROM result WHERE day < ?', [today - limits.tlsResultDays]);
  let total = (await write.first<{ count: number }>('SELECT count(*) AS count FROM result'))!.count;
  let left = 0;
  for (const { reportDomain, day, policy, fault, sessions } of rows) {
    const { changes } = await write.run(
      'UPDATE result SET sessions = sessions + ? WHERE report_domain = ? AND day = ? AND policy = ? AND fault = ?',
      [sessions, reportDomain, day, policy, fault],
    );
    if (changes > 0) continue;
    const known = await write.first<{ count: number }>(
      'SELECT count(*) AS count FROM result WHERE report_domain = ? AND day = ?',
      [reportDomain, day],
    );
    if (known!.count >= limits.tlsResultsPerDay || total >= limits.tlsResults) {
      left += sessions;
      continue;
    }
    await write.run('INSERT INTO result (report_domain, day, policy, fault, sessions) VALUES (?, ?, ?, ?, ?)', [
      reportDomain,
      day,
      policy,
      fault,
      sessions,
    ]);
    total++;
  }
  return { left };
}

/** They are reported, or nobody wants them. */
async function removeResults(write: Write, args: { reportDomain: string; day: number }): Promise<void> {
  await write.run('DELETE FROM result WHERE report_domain = ? AND day = ?', [args.reportDomain, args.day]);
}

/** @returns how many sessions are reported to nobody */
async function dropStale(write: Write, { beforeDay }: { beforeDay: number }): Promise<{ sessions: number }> {
  const row = await write.first<{ sessions: number }>('SELECT total(sessions) AS sessions FROM result WHERE day < ?', [
    beforeDay,
  ]);
  await write.run('DELETE FROM result WHERE day < ?', [beforeDay]);
  return { sessions: row!.sessions };
}

/** All that changes `tlsrptresult.db`; runs in a write worker. */
export const operations = { noteResults, removeResults, dropStale, ...suppressionOperations };
