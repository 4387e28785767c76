import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTestEngine } from '../../../database/sqlite/test-engine-fixture.ts';
import { ZoneResolver } from '../../../dns/zone-fixture.ts';
import { StructureParser } from '../../../message/structure-parser.ts';
import { limits } from '../../../runtime/limits.ts';
import { silentLog } from '../../../runtime/log.ts';
import { Metrics } from '../../../runtime/metrics.ts';
import { DmarcEvaluations } from '../evaluations/evaluations.ts';
import { readReportMessage } from '../read-report-message.ts';
import { namesReport, type OutgoingReport, ReportSender, type ReportSenderOptions } from './report-sender.ts';

const hourMs = 60 * 60 * 1000;
const midnight = Date.UTC(2026, 5, 1);

async function start(options: Partial<ReportSenderOptions> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'restante-report-sender-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const engine = createTestEngine();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  const clock = { at: midnight, now: (): number => clock.at };
  const evaluations = await DmarcEvaluations.open({ engine, dataDirectory: directory, clock, log: silentLog });
  onTestFinished(() => evaluations[Symbol.asyncDispose]());
  const resolver = new ZoneResolver();
  const sent: OutgoingReport[] = [];
  const waits: number[] = [];
  const metrics = new Metrics();
  const sender = new ReportSender({
    evaluations,
    resolver,
    clock,
    log: silentLog,
    metrics,
    hostname: 'mail.here.example',
    senderDomain: () => 'here.example',
    submit: async (report) => void sent.push(report),
    wait: async (ms) => void waits.push(ms),
    signal: new AbortController().signal,
    ...options,
  });
  const note = (policyDomain: string, sourceIp = '192.0.2.1', intervalSeconds?: number): void =>
    evaluations.note({
      policyDomain,
      policy: { domain: policyDomain, policy: 'reject' },
      intervalSeconds,
      record: {
        sourceIp,
        disposition: 'reject',
        dkim: 'fail',
        spf: 'fail',
        reasons: [],
        headerFrom: policyDomain,
        dkimResults: [],
        spfResults: [{ domain: 'x.example', scope: 'mfrom', result: 'none' }],
      },
    });
  const publish = (domain: string, rua = `mailto:rua@${domain}`): void =>
    resolver.add(`_dmarc.${domain}`, 'TXT', `v=DMARC1; p=reject; rua=${rua}`);
  return { evaluations, clock, resolver, sent, waits, metrics, sender, note, publish };
}

async function read({ content }: OutgoingReport) {
  const parser = new StructureParser();
  parser.push(content);
  return await readReportMessage(content, parser.finish());
}

describe('sending reports of DMARC', () => {
  it('waits for the end of the day in UTC, then sends one message with all that was noted', async () => {
    const { clock, sender, note, sent, publish, evaluations } = await start();
    publish('example.net', 'mailto:a@example.net!10m,mailto:b@example.net');
    clock.at = midnight + 5 * hourMs;
    note('example.net');
    note('example.net', '192.0.2.2');
    note('example.net');
    clock.at = midnight + 24 * hourMs - 1;
    await sender.sendDue();
    expect(sent).toEqual([]);
    clock.at = midnight + 24 * hourMs;
    await sender.sendDue();
    await sender.sendDue();
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      sender: 'postmaster@here.example',
      recipients: ['a@example.net', 'b@example.net'],
    });
    const text = sent[0]!.content.toString();
    const begin = midnight / 1000;
    expect(text).toMatch(
      new RegExp(`filename="here.example!example.net!${begin}!${begin + 86_399}![0-9a-f]{24}.xml.gz"\r\n`),
    );
    expect(text).not.toMatch(/[^\r]\n|.{999}/);
    const report = await read(sent[0]!);
    expect(report).toMatchObject({
      orgName: 'here.example',
      email: 'postmaster@here.example',
      beginAt: midnight,
      endAt: midnight + 86_399_000,
      policy: { domain: 'example.net', policy: 'reject' },
      records: [
        { sourceIp: '192.0.2.1', count: 2 },
        { sourceIp: '192.0.2.2', count: 1 },
      ],
    });
    const messageId = /^Message-ID: (.*)\r$/m.exec(text)?.[1];
    expect(namesReport(messageId, 'mail.here.example')).toBe(true);
    expect(namesReport(messageId, 'elsewhere.example')).toBe(false);
    expect(namesReport('<x@mail.here.example>', 'mail.here.example')).toBe(false);
    expect(await evaluations.due(undefined, 10)).toEqual([]);
  });

  it('after a crash before the evaluations were removed sends the same report id again', async () => {
    const { clock, sender, note, sent, publish, evaluations } = await start();
    publish('example.net');
    note('example.net');
    clock.at += 24 * hourMs;
    const { remove } = evaluations;
    evaluations.remove = () => Promise.reject(new Error('power cut'));
    await sender.sendDue();
    evaluations.remove = remove;
    clock.at += hourMs;
    await sender.sendDue();
    await sender.sendDue();
    expect(sent).toHaveLength(2);
    expect((await read(sent[0]!)).reportId).toBe((await read(sent[1]!)).reportId);
  });

  it('spreads many reports over time', async () => {
    const { clock, sender, note, sent, publish, waits } = await start();
    for (let at = 0; at < 100; at++) {
      publish(`d${at}.example`);
      note(`d${at}.example`);
    }
    clock.at += 24 * hourMs;
    await sender.sendDue();
    expect(sent).toHaveLength(100);
    expect(new Set(sent.map(({ report }) => report.reportId)).size).toBe(100);
    expect(waits).toHaveLength(99);
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(limits.dmarcReportSpreadMs * 0.99);
  });

  it('leaves out addresses that are suppressed, that want less, and that nobody answers for', async () => {
    const { clock, sender, note, sent, publish, evaluations, metrics } = await start();
    publish(
      'example.net',
      'mailto:small@example.net!100,mailto:no@example.net,mailto:yes@example.net,mailto:YES@example.net',
    );
    publish('nowhere.example', 'mailto:a@other.example');
    publish('silent.example', '');
    await evaluations.suppressions.add('no@example.net', { reason: 'failed' });
    for (const domain of ['example.net', 'nowhere.example', 'silent.example', 'gone.example']) note(domain);
    clock.at += 24 * hourMs;
    await sender.sendDue();
    expect(sent.map(({ recipients }) => recipients)).toEqual([['yes@example.net']]);
    expect(await evaluations.due(undefined, 10)).toEqual([]);
    expect(metrics.render()).toContain('restante_dmarc_reports_due_total{result="nowhere"} 1');
    expect(metrics.render()).toContain('restante_dmarc_reports_due_total{result="not-wanted"} 2');
  });

  it('tries again while the DNS does not answer, until it is too late', async () => {
    const { clock, sender, note, sent, resolver, evaluations, publish } = await start();
    resolver.fail('_dmarc.slow.example');
    note('slow.example', '192.0.2.1', 3600);
    note('late.example', '192.0.2.1', 3600);
    resolver.fail('_dmarc.late.example');
    clock.at += hourMs;
    await sender.sendDue();
    expect(await evaluations.due(undefined, 10)).toHaveLength(2);
    publish('slow.example');
    clock.at += 46 * hourMs;
    await sender.sendDue();
    expect(sent).toHaveLength(1);
    clock.at += 2 * hourMs;
    await sender.sendDue();
    expect(await evaluations.due(undefined, 10)).toEqual([]);
  });

  it('sends nothing while there is no domain that it could come from', async () => {
    const { clock, sender, note, sent, publish, evaluations } = await start({ senderDomain: () => undefined });
    publish('example.net');
    note('example.net');
    clock.at += 24 * hourMs;
    await sender.sendDue();
    expect(sent).toEqual([]);
    expect(await evaluations.due(undefined, 10)).toHaveLength(1);
  });

  it('goes on each hour until it is stopped, whatever fails', async () => {
    const stop = new AbortController();
    const waits: number[] = [];
    const { sender, clock, evaluations } = await start({
      signal: stop.signal,
      wait: async (ms) => {
        waits.push(ms);
        clock.at += ms;
        if (waits.length === 3) stop.abort();
      },
    });
    clock.at += 10 * 60_000;
    const { due } = evaluations;
    evaluations.due = () => {
      evaluations.due = due;
      return Promise.reject(new Error('disk on fire'));
    };
    await sender.run();
    expect(waits).toEqual([50 * 60_000 + 90_000, hourMs, hourMs]);
  });
});
