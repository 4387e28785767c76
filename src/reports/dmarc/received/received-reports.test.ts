import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkFilesHere } from '../../../database/check-files-here.ts';
import { createTestEngine } from '../../../database/sqlite/test-engine-fixture.ts';
import { limits } from '../../../runtime/limits.ts';
import type { AggregateReport, ReportRecord } from '../aggregate-report.ts';
import { createReceivedDmarcPart } from './received-part.ts';
import { ReceivedReports } from './received-reports.ts';

const day = (number: number): number => Date.UTC(2026, 0, number);
const dayMs = 24 * 60 * 60 * 1000;

const record: ReportRecord = {
  sourceIp: '192.0.2.1',
  count: 3,
  disposition: 'none',
  dkim: 'pass',
  spf: 'fail',
  reasons: [{ type: 'local_policy', comment: 'x' }],
  headerFrom: 'example.org',
  envelopeFrom: 'bounce.example.org',
  dkimResults: [{ domain: 'example.org', selector: 'a', result: 'pass' }],
  spfResults: [{ domain: 'other.example', scope: 'mfrom', result: 'none' }],
};

function report(changes: Partial<AggregateReport> = {}): AggregateReport {
  return {
    orgName: 'Receiver',
    email: 'dmarc@receiver.example',
    reportId: 'r1',
    beginAt: day(1),
    endAt: day(2),
    errors: ['late'],
    policy: { domain: 'example.org', policy: 'reject' },
    records: [record, { ...record, count: 2, dkim: 'fail', disposition: 'reject' }],
    ...changes,
  };
}

async function start() {
  const directory = await mkdtemp(join(tmpdir(), 'restante-dmarc-received-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const engine = createTestEngine();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  const reports = await ReceivedReports.open({ engine, dataDirectory: directory });
  onTestFinished(() => reports[Symbol.asyncDispose]());
  return { directory, reports };
}

describe('received DMARC reports', () => {
  it('are kept with all that they say, and found by domain and time', async () => {
    const { reports } = await start();
    const store = (each: AggregateReport) => reports.store({ sender: 'receiver.example', report: each, now: day(3) });
    expect(await store(report())).toBe('stored');
    await store(report({ reportId: 'r2', beginAt: day(2), endAt: day(3), records: [] }));
    await store(report({ policy: { domain: 'example.net' } }));
    const [latest, first] = await reports.list({ domain: 'example.org', limit: 10 });
    expect(latest).toMatchObject({ reportId: 'r2', messages: { all: 0, passed: 0 } });
    const { records, ...rest } = report();
    expect(first).toEqual({
      ...rest,
      id: first!.id,
      sender: 'receiver.example',
      receivedAt: day(3),
      messages: { all: 5, passed: 3, quarantined: 0, rejected: 2 },
    });
    expect(await reports.records(first!.id)).toEqual(records);
    expect(await reports.records(99)).toEqual([]);
    expect(await reports.list({ limit: 10 })).toHaveLength(3);
    expect(await reports.list({ limit: 1 })).toMatchObject([{ reportId: 'r2' }]);
    expect(await reports.list({ from: day(2), limit: 10 })).toMatchObject([{ reportId: 'r2' }]);
    expect(await reports.list({ to: day(2), limit: 10 })).toMatchObject([{ reportId: 'r1' }, { reportId: 'r1' }]);
  });

  it('count once, however often they come; another sender cannot take their place', async () => {
    const { reports } = await start();
    await reports.store({ sender: 'forger.example', report: report({ records: [] }), now: day(3) });
    expect(await reports.store({ sender: 'receiver.example', report: report(), now: day(3) })).toBe('stored');
    expect(await reports.store({ sender: 'receiver.example', report: report(), now: day(4) })).toBe('duplicate');
    expect(await reports.list({ limit: 10 })).toHaveLength(2);
  });

  it('come only so often from one sender in a day, and go in the end', async () => {
    const { reports } = await start();
    const send = (id: number, now: number) =>
      reports.store({ sender: 'receiver.example', report: report({ reportId: `${id}`, records: [] }), now });
    for (let id = 0; id < limits.dmarcReportsPerSenderDay; id++) expect(await send(id, day(3))).toBe('stored');
    expect(await send(-1, day(3))).toBe('too-many');
    expect(await send(-1, day(4) + 1)).toBe('stored');
    expect(await send(-2, day(3) + limits.dmarcReportDays * dayMs + 1)).toBe('stored');
    expect(await reports.list({ limit: 1000 })).toHaveLength(2);
  });

  it('are part of a backup', async () => {
    const { directory, reports } = await start();
    await reports.store({ sender: 'receiver.example', report: report(), now: day(3) });
    const part = createReceivedDmarcPart();
    expect(part.owns('dmarcrpt.db-wal')).toBe(true);
    await reports[Symbol.asyncDispose]();
    const { signal } = new AbortController();
    expect(await Array.fromAsync(part.verify(directory, { checkFiles: checkFilesHere(directory), signal }))).toEqual(
      [],
    );
  });
});
