import type { Migration, Transactor } from '../../../database/engine.ts';
import { limits } from '../../../runtime/limits.ts';
import type { AggregateReport } from '../aggregate-report.ts';

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
CREATE TABLE report (
  id INTEGER PRIMARY KEY,
  -- Domain that DMARC showed the message to be from: the organisation's name is only what it says of itself.
  sender TEXT NOT NULL,
  org TEXT NOT NULL,
  report_id TEXT NOT NULL,
  -- Whose policy it is about, in A-labels.
  domain TEXT NOT NULL,
  email TEXT NOT NULL,
  contact TEXT,
  begin_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  -- JSON, as in AggregateReport.
  policy TEXT NOT NULL,
  errors TEXT NOT NULL,
  UNIQUE (sender, org, report_id, domain)
) STRICT;
CREATE INDEX report_of_domain ON report (domain, end_at);
CREATE INDEX report_received ON report (received_at);
CREATE INDEX report_of_sender ON report (sender, received_at);
CREATE TABLE record (
  id INTEGER PRIMARY KEY,
  report INTEGER NOT NULL REFERENCES report (id) ON DELETE CASCADE,
  source_ip TEXT NOT NULL,
  count INTEGER NOT NULL,
  disposition TEXT NOT NULL,
  dkim TEXT NOT NULL,
  spf TEXT NOT NULL,
  header_from TEXT NOT NULL,
  envelope_from TEXT,
  envelope_to TEXT,
  -- JSON: reasons, and the results of DKIM and SPF themselves.
  reasons TEXT NOT NULL,
  results TEXT NOT NULL
) STRICT;
CREATE INDEX record_of_report ON record (report);
`,
  },
];

const dayMs = 24 * 60 * 60 * 1000;

export interface StoredReport {
  /** A-labels. */
  readonly sender: string;
  readonly report: AggregateReport;
  readonly now: number;
}

/** What became of a report: it is there now, was there before, or its sender has sent too many. */
export type StoreOutcome = 'stored' | 'duplicate' | 'too-many';

async function storeReport(write: Transactor<unknown>, { sender, report, now }: StoredReport): Promise<StoreOutcome> {
  const { orgName, reportId, policy, email, contact = null, beginAt, endAt, errors, records } = report;
  const known = await write.first(
    'SELECT 1 FROM report WHERE sender = ? AND org = ? AND report_id = ? AND domain = ?',
    [sender, orgName, reportId, policy.domain],
  );
  if (known !== undefined) return 'duplicate';
  const today = await write.first<{ count: number }>(
    'SELECT count(*) AS count FROM report WHERE sender = ? AND received_at > ?',
    [sender, now - dayMs],
  );
  if (today!.count >= limits.dmarcReportsPerSenderDay) return 'too-many';
  await write.run('DELETE FROM report WHERE received_at < ?', [now - limits.dmarcReportDays * dayMs]);
  const { lastInsertId } = await write.run(
    `INSERT INTO report (sender, org, report_id, domain, email, contact, begin_at, end_at, received_at, policy, errors)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      sender,
      orgName,
      reportId,
      policy.domain,
      email,
      contact,
      beginAt,
      endAt,
      now,
      JSON.stringify(policy),
      JSON.stringify(errors),
    ],
  );
  await write.runEach(
    `INSERT INTO record (report, source_ip, count, disposition, dkim, spf, header_from, envelope_from, envelope_to, reasons, results)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    records.map((each) => [
      lastInsertId,
      each.sourceIp,
      each.count,
      each.disposition,
      each.dkim,
      each.spf,
      each.headerFrom,
      each.envelopeFrom ?? null,
      each.envelopeTo ?? null,
      JSON.stringify(each.reasons),
      JSON.stringify({ dkim: each.dkimResults, spf: each.spfResults }),
    ]),
  );
  return 'stored';
}

/** All that changes `dmarcrpt.db`; runs in a write worker. */
export const operations = { storeReport };
