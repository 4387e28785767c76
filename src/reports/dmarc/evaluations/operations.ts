import type { Migration, Transactor } from '../../../database/engine.ts';
import { limits } from '../../../runtime/limits.ts';
import { suppressionOperations, suppressionTable } from '../../suppression.ts';

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
-- Evaluations of one hour that are alike are one row.
CREATE TABLE evaluation (
  policy_domain TEXT NOT NULL,
  -- Since 1970: intervals that divide a day begin at a multiple of their length, in UTC.
  hour INTEGER NOT NULL,
  interval_hours INTEGER NOT NULL,
  -- JSON: PublishedPolicy; ReportRecord without its count.
  policy TEXT NOT NULL,
  record TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (policy_domain, hour, interval_hours, policy, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX evaluation_hour ON evaluation (hour);
${suppressionTable}`,
  },
];

export interface EvaluationRow {
  readonly policyDomain: string;
  readonly hour: number;
  readonly intervalHours: number;
  readonly policy: string;
  readonly record: string;
  readonly count: number;
}

type Write = Transactor<unknown>;

/** Adds evaluations to those alike, and forgets what is too old to be reported. @returns how many were too many to be kept */
async function noteEvaluations(
  write: Write,
  { rows, nowHour }: { rows: readonly EvaluationRow[]; nowHour: number },
): Promise<{ left: number }> {
  await write.run('DELETE FROM evaluation WHERE hour < ?', [nowHour - limits.dmarcEvaluationHours]);
  let total = (await write.first<{ count: number }>('SELECT count(*) AS count FROM evaluation'))!.count;
  const ofDomain = new Map<string, number>();
  let left = 0;
  for (const { policyDomain, hour, intervalHours, policy, record, count } of rows) {
    const alike = [policyDomain, hour, intervalHours, policy, record];
    const { changes } = await write.run(
      `UPDATE evaluation SET count = count + ?
       WHERE policy_domain = ? AND hour = ? AND interval_hours = ? AND policy = ? AND record = ?`,
      [count, ...alike],
    );
    if (changes > 0) continue;
    const key = `${hour} ${policyDomain}`;
    const known = ofDomain.get(key) ?? (await countOf(write, policyDomain, hour));
    if (known >= limits.dmarcEvaluationsPerHour || total >= limits.dmarcEvaluations) {
      left += count;
      continue;
    }
    await write.run(
      'INSERT INTO evaluation (policy_domain, hour, interval_hours, policy, record, count) VALUES (?, ?, ?, ?, ?, ?)',
      [...alike, count],
    );
    ofDomain.set(key, known + 1);
    total++;
  }
  return { left };
}

async function countOf(write: Write, domain: string, hour: number): Promise<number> {
  const row = await write.first<{ count: number }>(
    'SELECT count(*) AS count FROM evaluation WHERE policy_domain = ? AND hour = ?',
    [domain, hour],
  );
  return row!.count;
}

/** They are reported, or nobody wants them. */
async function removeEvaluations(
  write: Write,
  args: { policyDomain: string; policy: string; intervalHours: number; beginHour: number; endHour: number },
): Promise<void> {
  await write.run(
    'DELETE FROM evaluation WHERE policy_domain = ? AND hour >= ? AND hour < ? AND interval_hours = ? AND policy = ?',
    [args.policyDomain, args.beginHour, args.endHour, args.intervalHours, args.policy],
  );
}

/** @returns how many messages the evaluations were of */
async function dropStale(write: Write, { beforeHour }: { beforeHour: number }): Promise<{ messages: number }> {
  const row = await write.first<{ messages: number }>(
    'SELECT total(count) AS messages FROM evaluation WHERE hour < ?',
    [beforeHour],
  );
  await write.run('DELETE FROM evaluation WHERE hour < ?', [beforeHour]);
  return { messages: row!.messages };
}

/** All that changes `dmarceval.db`; runs in a write worker. */
export const operations = { noteEvaluations, removeEvaluations, dropStale, ...suppressionOperations };
