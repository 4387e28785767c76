import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestEngine } from '../../../database/sqlite/test-engine-fixture.ts';
import { ZoneResolver } from '../../../dns/zone-fixture.ts';
import type { TlsPolicy } from '../../../mailauth/tls-report/tls-result.ts';
import { parseStructure } from '../../../message/structure-parser.ts';
import { silentLog } from '../../../runtime/log.ts';
import { Metrics } from '../../../runtime/metrics.ts';
import { readTlsReportMessage } from '../read-tls-report.ts';
import { ReceivedTlsReports } from '../received/received-tls-reports.ts';
import { TlsResults } from '../results/tls-results.ts';
import { type OutgoingTlsReport, TlsReportSender, type TlsReportSenderOptions } from './tls-report-sender.ts';

const sts: TlsPolicy = { type: 'sts', domain: 'b.example', strings: ['version: STSv1'], mxHosts: ['mx.b.example'] };
const tlsa: TlsPolicy = { type: 'tlsa', domain: 'mx.host.example', strings: ['3 1 1 00'], mxHosts: [] };
const day = Date.parse('2026-11-20T00:00:00Z');
const dayMs = 86_400_000;

describe('reports on TLS with others', () => {
  const clock = { at: day, now: (): number => clock.at };
  let directory: string;
  let engine: ReturnType<typeof createTestEngine>;
  let results: TlsResults;
  let resolver: ZoneResolver;
  let sent: OutgoingTlsReport[];
  let posted: string[];
  let postFails: boolean;

  beforeEach(async () => {
    clock.at = day + 3_600_000;
    directory = await mkdtemp(join(tmpdir(), 'restante-tls-reports-'));
    engine = createTestEngine();
    results = await TlsResults.open({ engine, dataDirectory: directory, clock, log: silentLog });
    resolver = new ZoneResolver();
    resolver.add('_smtp._tls.b.example', 'TXT', 'v=TLSRPTv1; rua=mailto:tls@b.example,https://b.example/tls');
    sent = [];
    posted = [];
    postFails = false;
  });

  afterEach(async () => {
    await results[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  const sender = (more: Partial<TlsReportSenderOptions> = {}) =>
    new TlsReportSender({
      results,
      resolver,
      clock,
      log: silentLog,
      metrics: new Metrics(),
      hostname: 'mx.a.example',
      senderDomain: () => 'a.example',
      submit: async (report) => void sent.push(report),
      post: async (url) => {
        if (postFails) throw new Error('the host answers 500');
        posted.push(url);
      },
      wait: async () => {},
      signal: new AbortController().signal,
      ...more,
    });
  const note = (policy: TlsPolicy, fault?: string): void =>
    results.note({
      recipientDomain: 'b.example',
      policy,
      host: 'mx.b.example',
      address: '192.0.2.1',
      fault: fault === undefined ? undefined : { type: 'certificate-expired', detail: fault },
    });

  it('are made of a day when it is over, and come to those who want them as they were', async () => {
    for (let times = 0; times < 3; times++) note(sts);
    note(sts, 'it has expired');
    note(sts, 'it has expired');
    note(tlsa);
    await sender().sendDue();
    expect(sent).toEqual([]);
    clock.at = day + dayMs + 60_000;
    note(sts);
    await sender().sendDue();
    expect([sent.length, posted]).toEqual([1, ['https://b.example/tls']]);
    const [mail] = sent;
    expect([mail?.sender, mail?.recipients]).toEqual(['postmaster@a.example', ['tls@b.example']]);

    // The other end.
    const report = await readTlsReportMessage(mail!.content, parseStructure(mail!.content));
    expect(report).toMatchObject({ organization: 'a.example', beginAt: day, endAt: day + dayMs - 1000 });
    await using received = await ReceivedTlsReports.open({ engine, dataDirectory: directory });
    const taken = { sender: 'a.example', report, now: clock.at };
    expect([await received.store(taken), await received.store(taken)]).toEqual(['stored', 'duplicate']);
    const [kept] = await received.list({ domain: 'b.example', limit: 10 });
    expect(kept?.policies).toEqual([
      {
        type: 'sts',
        domain: 'b.example',
        strings: ['version: STSv1'],
        mxHosts: ['mx.b.example'],
        successes: 3,
        failures: 2,
        details: [
          {
            type: 'certificate-expired',
            sessions: 2,
            receivingHost: 'mx.b.example',
            receivingIp: '192.0.2.1',
            reason: 'it has expired',
          },
        ],
      },
      expect.objectContaining({ type: 'tlsa', domain: 'mx.host.example', successes: 1, failures: 0 }),
    ]);
    expect(await received.list({ domain: 'other.example', limit: 10 })).toEqual([]);
    expect(await received.list({ from: report.endAt, limit: 10 })).toEqual([]);

    sent = [];
    await sender().sendDue();
    expect(sent).toEqual([]);
  });

  it('on TLSA records go to the host that has them, too', async () => {
    resolver.add('_smtp._tls.mx.host.example', 'TXT', 'v=TLSRPTv1; rua=mailto:tls@host.example');
    note(tlsa);
    clock.at += dayMs;
    await sender().sendDue();
    expect(sent.map(({ recipients }) => recipients)).toEqual([['tls@b.example'], ['tls@host.example']]);
  });

  it('have the same id when they are made again', async () => {
    note(sts);
    clock.at += dayMs;
    const killed = new Error('killed');
    const remove = results.remove.bind(results);
    results.remove = () => Promise.reject(killed);
    await sender().sendDue();
    results.remove = remove;
    clock.at += 3_600_000;
    await sender().sendDue();
    expect(sent).toHaveLength(2);
    expect(sent[0]?.report.reportId).toBe(sent[1]?.report.reportId);
    expect(await results.due(clock.at, 10)).toEqual([]);
  });

  it('wait while the DNS does not answer, nobody takes them, or we sign no mail, until they are too old', async () => {
    note(sts);
    clock.at += dayMs;
    const mute = new ZoneResolver();
    mute.fail('_smtp._tls.b.example');
    await sender({ resolver: mute }).sendDue();
    await sender({ senderDomain: () => undefined }).sendDue();
    const byPost = new ZoneResolver();
    byPost.add('_smtp._tls.b.example', 'TXT', 'v=TLSRPTv1; rua=https://b.example/tls');
    postFails = true;
    await sender({ resolver: byPost }).sendDue();
    expect(await results.due(clock.at, 10)).toHaveLength(1);
    clock.at += 4 * dayMs;
    await sender().sendDue();
    expect([sent, await results.due(clock.at, 10)]).toEqual([[], []]);
  });

  it('are not made for those who do not want them, and not sent to addresses that failed', async () => {
    results.note({
      recipientDomain: 'c.example',
      policy: { ...sts, domain: 'c.example' },
      host: 'h',
      address: 'a',
      fault: undefined,
    });
    results.note({ recipientDomain: '[192.0.2.1]', policy: sts, host: 'h', address: 'a', fault: undefined });
    note(sts);
    await results.suppressions.add('TLS@b.example', { reason: 'failed' });
    clock.at += dayMs;
    expect((await results.due(clock.at, 10)).map(({ reportDomain }) => reportDomain)).toEqual([
      'b.example',
      'c.example',
    ]);
    await sender().sendDue();
    expect([sent.length, posted.length]).toEqual([0, 1]);
    expect(await results.due(clock.at, 10)).toEqual([]);
  });
});
