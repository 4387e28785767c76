import type { Migration, Transactor } from '../../../database/engine.ts';
import { limits } from '../../../runtime/limits.ts';
import type { TlsReport } from '../tls-report.ts';

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
CREATE TABLE report (
  id INTEGER PRIMARY KEY,
  -- Domain that DKIM showed the message to be from: the organisation's name is only what it says of itself.
  sender TEXT NOT NULL,
  organization TEXT NOT NULL,
  contact TEXT NOT NULL,
  report_id TEXT NOT NULL,
  begin_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (sender, organization, report_id)
) STRICT;
CREATE INDEX report_received ON report (received_at);
CREATE INDEX report_of_sender ON report (sender, received_at);
CREATE INDEX report_end ON report (end_at);
CREATE TABLE policy (
  id INTEGER PRIMARY KEY,
  report INTEGER NOT NULL REFERENCES report (id) ON DELETE CASCADE,
  type TEXT NOT NULL,
  -- A-labels.
  domain TEXT NOT NULL,
  successes INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  -- JSON, as in TlsPolicyReport.
  strings TEXT NOT NULL,
  mx_hosts TEXT NOT NULL,
  details TEXT NOT NULL
) STRICT;
CREATE INDEX policy_of_report ON policy (report);
CREATE INDEX policy_of_domain ON policy (domain);
`,
  },
];

const dayMs = 24 * 60 * 60 * 1000;

/** What became of a report: it is there now, was there before, or its sender has sent too many. */
export type TlsStoreOutcome = 'stored' | 'duplicate' | 'too-many';

async function storeReport(
  write: Transactor<unknown>,
  { sender, report, now }: { sender: string; report: TlsReport; now: number },
): Promise<TlsStoreOutcome> {
  const { organization, contact, reportId, beginAt, endAt, policies } = report;
  const known = await write.first('SELECT 1 FROM report WHERE sender = ? AND organization = ? AND report_id = ?', [
    sender,
    organization,
    reportId,
  ]);
  if (known !== undefined) return 'duplicate';
  const today = await write.first<{ count: number }>(
    'SELECT count(*) AS count FROM report WHERE sender = ? AND received_at > ?',
    [sender, now - dayMs],
  );
  if (today!.count >= limits.tlsReportsPerSenderDay) return 'too-many';
  await write.run('DELETE FROM report WHERE received_at < ?', [now - limits.dmarcReportDays * dayMs]);
  const { lastInsertId } = await write.run(
    `INSERT INTO report (sender, organization, contact, report_id, begin_at, end_at, received_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [sender, organization, contact, reportId, beginAt, endAt, now],
  );
  await write.runEach(
    `INSERT INTO policy (report, type, domain, successes, failures, strings, mx_hosts, details)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    policies.map(({ type, domain, successes, failures, strings, mxHosts, details }) => [
      lastInsertId,
      type,
      domain,
      successes,
      failures,
      JSON.stringify(strings),
      JSON.stringify(mxHosts),
      JSON.stringify(details),
    ]),
  );
  return 'stored';
}

/** All that changes `tlsrpt.db`; runs in a write worker. */
export const operations = { storeReport };
