import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkFilesHere } from '../../../database/check-files-here.ts';
import { createTestEngine } from '../../../database/sqlite/test-engine-fixture.ts';
import { limits } from '../../../runtime/limits.ts';
import { silentLog } from '../../../runtime/log.ts';
import type { DmarcEvaluation } from './evaluation.ts';
import { createDmarcEvaluationPart } from './evaluation-part.ts';
import { DmarcEvaluations } from './evaluations.ts';
import { reportIntervalHours } from './report-interval.ts';

const hourMs = 60 * 60 * 1000;
const midnight = Date.UTC(2026, 0, 1);

function evaluation(changes: Partial<DmarcEvaluation['record']> = {}, intervalSeconds?: number): DmarcEvaluation {
  return {
    policyDomain: 'example.net',
    policy: { domain: 'example.net', policy: 'none' },
    intervalSeconds,
    record: {
      sourceIp: '192.0.2.1',
      disposition: 'none',
      dkim: 'fail',
      spf: 'fail',
      reasons: [],
      headerFrom: 'example.net',
      dkimResults: [],
      spfResults: [],
      ...changes,
    },
  };
}

async function start() {
  const directory = await mkdtemp(join(tmpdir(), 'restante-dmarc-evaluations-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const engine = createTestEngine();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  const clock = { at: midnight, now: (): number => clock.at };
  const options = { engine, dataDirectory: directory, clock, log: silentLog };
  const evaluations = await DmarcEvaluations.open(options);
  onTestFinished(() => evaluations[Symbol.asyncDispose]());
  return { directory, evaluations, clock };
}

describe('DMARC evaluations', () => {
  it('are due when the interval that the domain asks for is over, counted together', async () => {
    const { evaluations, clock } = await start();
    clock.at = midnight + 3 * hourMs;
    evaluations.note(evaluation());
    evaluations.note(evaluation());
    clock.at = midnight + 5 * hourMs;
    evaluations.note(evaluation());
    evaluations.note(evaluation({ sourceIp: '192.0.2.2' }));
    evaluations.note({ ...evaluation({}, 4 * 3600), policyDomain: 'hourly.example' });
    expect(await evaluations.due(midnight + 7.9 * hourMs, 10)).toEqual([]);
    const beginHour = midnight / hourMs;
    expect(await evaluations.due(midnight + 8 * hourMs, 10)).toMatchObject([
      { policyDomain: 'hourly.example', beginHour: beginHour + 4, endHour: beginHour + 8, messages: 1 },
    ]);
    expect(await evaluations.due(undefined, 10)).toHaveLength(2);
    clock.at = midnight + 24 * hourMs;
    const [report] = await evaluations.due(clock.at, 10);
    expect(report).toEqual({
      policyDomain: 'example.net',
      policy: { domain: 'example.net', policy: 'none' },
      intervalHours: 24,
      beginHour,
      endHour: beginHour + 24,
      messages: 4,
    });
    expect(await evaluations.records(report!)).toMatchObject([
      { count: 3, sourceIp: '192.0.2.1' },
      { count: 1, sourceIp: '192.0.2.2' },
    ]);
    await evaluations.remove(report!);
    expect(await evaluations.due(clock.at, 10)).toMatchObject([{ policyDomain: 'hourly.example' }]);
  });

  it('against another policy, or of another day, are another report', async () => {
    const { evaluations, clock } = await start();
    evaluations.note(evaluation());
    evaluations.note({ ...evaluation(), policy: { domain: 'example.net', policy: 'reject' } });
    clock.at += 24 * hourMs;
    evaluations.note(evaluation());
    clock.at += 24 * hourMs;
    const due = await evaluations.due(clock.at, 10);
    expect(due.map(({ beginHour, policy }) => [beginHour - midnight / hourMs, policy.policy])).toEqual([
      [0, 'none'],
      [0, 'reject'],
      [24, 'none'],
    ]);
    await evaluations.remove(due[1]!);
    expect(await evaluations.due(clock.at, 10)).toHaveLength(2);
    expect(await evaluations.due(clock.at, 1)).toHaveLength(1);
  });

  it('that are old are dropped', async () => {
    const { evaluations, clock } = await start();
    evaluations.note(evaluation());
    evaluations.note(evaluation());
    clock.at += limits.dmarcEvaluationHours * hourMs;
    expect(await evaluations.due(undefined, 10)).toHaveLength(1);
    expect(await evaluations.dropStale()).toEqual({ messages: 0 });
    clock.at += hourMs;
    expect(await evaluations.dropStale()).toEqual({ messages: 2 });
    expect(await evaluations.due(undefined, 10)).toEqual([]);
  });

  it('do not grow without end, whatever strangers send', async () => {
    const { evaluations } = await start();
    for (let at = 0; at < limits.dmarcEvaluationsPerHour + 10; at++) {
      evaluations.note(evaluation({ sourceIp: `2001:db8::${at.toString(16)}` }));
      if (at % 1000 === 0) await evaluations.due(undefined, 1);
    }
    evaluations.note(evaluation({ sourceIp: '2001:db8::0' }));
    expect(await evaluations.due(undefined, 1)).toMatchObject([{ messages: limits.dmarcEvaluationsPerHour + 1 }]);
  });

  it('are not reported to addresses that are suppressed, until that ends', async () => {
    const { evaluations, clock } = await start();
    await evaluations.suppressions.add('Reports@example.net', { until: clock.at + 1000, reason: 'failed' });
    await evaluations.suppressions.add('never@example.net', { reason: 'asked' });
    await evaluations.suppressions.add('never@example.net', { until: clock.at, reason: 'failed' });
    expect(await evaluations.suppressions.has('reports@EXAMPLE.net')).toBe(true);
    expect(await evaluations.suppressions.has('other@example.net')).toBe(false);
    clock.at += 1000;
    expect(await evaluations.suppressions.has('reports@example.net')).toBe(false);
    expect(await evaluations.suppressions.list()).toEqual([
      { address: 'never@example.net', since: midnight, until: undefined, reason: 'asked' },
    ]);
    expect(await evaluations.suppressions.remove('NEVER@example.net')).toBe(true);
    expect(await evaluations.suppressions.remove('never@example.net')).toBe(false);
  });

  it('are part of a backup', async () => {
    const { directory, evaluations } = await start();
    evaluations.note(evaluation());
    await evaluations[Symbol.asyncDispose]();
    const part = createDmarcEvaluationPart();
    expect(part.owns('dmarceval.db')).toBe(true);
    const { signal } = new AbortController();
    expect(await Array.fromAsync(part.verify(directory, { checkFiles: checkFilesHere(directory), signal }))).toEqual(
      [],
    );
  });
});

describe('the interval of reports', () => {
  it('divides a day, and is not shorter than asked for', () => {
    const asked = [undefined, 0, 1, 3600, 3601, 5 * 3600, 7 * 3600, 13 * 3600, 86_400, 604_800];
    expect(asked.map(reportIntervalHours)).toEqual([24, 24, 1, 1, 2, 6, 8, 24, 24, 24]);
  });
});
