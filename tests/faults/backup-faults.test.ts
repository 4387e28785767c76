import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openOffline } from '../../src/main.ts';
import { makeTestConfig, runCommand } from '../harness/start-test-server.ts';
import type { DriverRequest } from './load/fault-driver.ts';
import { type Fault, FaultDriver, type FaultKind, noFaultsReason } from './load/injected-faults.ts';

/** Places of each kind of fault in each kind of work; spread evenly where there are more calls. */
const places = Number(process.env.RESTANTE_FAULT_PLACES ?? 25);
const { signal } = new AbortController();
const noPorts = { smtp: 0, submission: 0, submissions: 0, imap: 0, imaps: 0, metrics: 0 };

let root: string;
let configPath: string;
let good: string;
/** Of a stopped server. */
let stopped: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'restante-inject-'));
  configPath = await makeTestConfig({ directory: root, accounts: ['me', 'you'], ports: noPorts });
  await using server = await openOffline({ staticConfigPath: configPath });
  for (const name of ['me', 'you']) {
    await using account = await server.accounts.open(name);
    for (let number = 0; number < 3; number++) {
      await using intake = await server.accounts.startMessage();
      await intake.write(Buffer.from(`From: a@x\r\nSubject: ${name} ${number}\r\n\r\n${'text '.repeat(500)}\r\n`));
      await using file = await intake.finish();
      await account.messages.addAll([{ mailbox: 'Inbox', file }]);
    }
  }
  const content = (async function* () {
    yield Buffer.from('Subject: queued\n\nhello\n');
  })();
  const [sender, recipients] = ['me@example.org', ['somebody@example.net']];
  await server.submit({ sender, recipients, recipientsFromHeader: false, fullName: undefined, content, signal });
  good = join(root, 'good');
  await server.backup({ destination: good, messageFiles: 'copy', signal, report() {}, onProgress() {} });
  stopped = join(root, 'stopped', 'data');
  expect(await runCommand(['restore', good, stopped])).toMatchObject({ code: 0 });
}, 60_000);

afterAll(() => rm(root, { recursive: true, force: true }));

/** Names, modes, times and bytes of all that may not change. */
function digest(directory: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    // The lock is taken, logs are folded, and the time of the last backup is written down.
    if (/^(?:lock|backups\.json|tmp\b)|-(?:wal|shm)$|(?:^|\/)\w+\.db$/.test(name)) continue;
    const found = statSync(join(directory, name));
    hash.update(
      `${name} ${found.mode} ${found.isFile() ? readFileSync(join(directory, name)).toString('latin1') : ''}\n`,
    );
  }
  return hash.digest('hex');
}

function spread(calls: number): number[] {
  const count = Math.min(places, calls);
  return Array.from({ length: count }, (_, at) => 1 + Math.floor((at * calls) / count));
}

/** The work, and under which path calls fail. */
interface Case {
  readonly name: string;
  readonly calls: Fault['calls'];
  readonly prefix: () => string;
  readonly request: () => DriverRequest;
  /** What must not exist unless the work was done. */
  readonly result?: () => string;
}

const target = (): string => join(root, 'out', 'backup');
const restored = (): string => join(root, 'out', 'restored');
const data = (): string => join(root, 'data', 'accounts');
const cases: readonly Case[] = [
  ...(['link', 'copy'] as const).map(
    (messageFiles): Case => ({
      name: `writing a backup (${messageFiles})`,
      calls: 'writes',
      prefix: target,
      request: () => ({ work: 'backup', destination: target(), messageFiles }),
      result: target,
    }),
  ),
  {
    name: 'reading for a backup',
    calls: 'reads',
    prefix: data,
    request: () => ({ work: 'backup', destination: target(), messageFiles: 'copy' }),
    result: target,
  },
  {
    name: 'verifying a backup',
    calls: 'reads',
    prefix: () => good,
    request: () => ({ work: 'verify', directory: good }),
  },
  {
    name: 'verifying a data directory',
    calls: 'reads',
    // Above are the lock and its journal, which say nothing of the data.
    prefix: () => join(stopped, 'accounts'),
    request: () => ({ work: 'verify', directory: stopped }),
  },
  {
    name: 'writing a restore',
    calls: 'writes',
    prefix: restored,
    request: () => ({ work: 'restore', backup: good, directory: restored() }),
    result: () => join(restored(), 'data'),
  },
  {
    name: 'reading for a restore',
    calls: 'reads',
    prefix: () => good,
    request: () => ({ work: 'restore', backup: good, directory: restored() }),
    result: () => join(restored(), 'data'),
  },
];

const reason = noFaultsReason();
const kindsOf = (calls: Fault['calls']): FaultKind[] =>
  calls === 'reads' ? ['EIO', 'EACCES'] : ['ENOSPC', 'EIO', 'EACCES', 'short'];

async function emptyOut(): Promise<void> {
  await rm(join(root, 'out'), { recursive: true, force: true });
  const { mkdir } = await import('node:fs/promises');
  await mkdir(join(root, 'out'));
  await rm(`${good}.restores.jsonl`, { force: true });
}

describe.skipIf(reason !== undefined)(`file-system calls that fail, ${places} places each`, () => {
  for (const each of cases) {
    it(`while ${each.name} leave a named failure or a complete success`, { timeout: 600_000 }, async () => {
      const before = digest(join(root, 'data'));
      const goodBefore = digest(good);
      const driver = await FaultDriver.start(root, configPath);
      onTestFinished(() => driver[Symbol.asyncDispose]());
      // The same work, undisturbed, for what comes after and for proofs.
      const succeed = async (): Promise<void> => {
        const { answer } = await driver.run(each.request());
        expect(answer?.error, JSON.stringify(answer)).toBeUndefined();
        if (each.request().work === 'backup') expect(answer?.result?.complete).toBe(true);
      };
      await emptyOut();
      const counting = { kind: 'count', prefix: each.prefix(), calls: each.calls, at: 0, lasting: false } as const;
      const { calls } = await driver.run(each.request(), counting);
      expect(calls).toBeGreaterThan(each.calls === 'reads' ? 10 : 20);
      let failures = 0;
      for (const kind of kindsOf(each.calls)) {
        for (const at of spread(calls)) {
          for (const lasting of kind === 'ENOSPC' || kind === 'EIO' ? [false, true] : [false]) {
            await emptyOut();
            const fault: Fault = { kind, prefix: each.prefix(), calls: each.calls, at, lasting };
            const { answer, hits, call } = await driver.run(each.request(), fault);
            const where = `${kind} at ${call}, call ${at} of ${calls}${lasting ? ' and after' : ''}: ${JSON.stringify(answer)}`;
            expect(answer, where).toBeDefined();
            const { error, result, said = [] } = answer!;
            if (error !== undefined) {
              failures++;
              // It says what could not be done, in words that are not those of a program that fell over.
              expect(error.message, where).toMatch(/^Cannot .+: .+/s);
              expect(error.name, where).not.toMatch(/^(?:TypeError|ReferenceError|RangeError)$/);
            } else if (each.request().work === 'verify') {
              // Either it could read everything in the end, or it did not say OK.
              if (hits > 0 && (result?.errors ?? 0) === 0) {
                expect((await driver.run(each.request())).answer?.result, where).toEqual({ errors: 0 });
                // Looking for what may not be there is no reading of what is.
                expect(call, where).toMatch(/open/);
              }
            } else if (each.request().work === 'backup' && result?.complete === false) {
              failures++;
              expect(said.length, where).toBeGreaterThan(0);
              expect(result.path, where).toMatch(/\.incomplete$/);
            }
            const finished = error === undefined && result?.complete !== false;
            if (each.result !== undefined) {
              // When the last flush fails and the name can't be taken back either, all is there, and said to have failed.
              const isThere = existsSync(each.result());
              if (!(lasting && call === 'fsync')) expect(isThere, where).toBe(finished);
              if (isThere) {
                const directory = each.request().work === 'backup' ? target() : join(restored(), 'data');
                const proof = await driver.run({ work: 'verify', directory });
                expect(proof.answer?.result, `${where} ${JSON.stringify(proof.answer)}`).toEqual({ errors: 0 });
              } else {
                // What is left is recognised, and in nobody's way.
                await succeed();
              }
            }
          }
        }
      }
      expect(failures).toBeGreaterThan(places / 4);
      expect(digest(join(root, 'data'))).toBe(before);
      expect(digest(good)).toBe(goodBefore);
      const proof = await driver.run({ work: 'verify', directory: good });
      expect(proof.answer?.result).toEqual({ errors: 0 });
      await driver[Symbol.asyncDispose]();
      const data = await runCommand(['verifydata', '--full', '--config', configPath]);
      expect(data, data.stderr).toMatchObject({ code: 0 });
    });
  }

  it('while mail is restored into the server double and lose nothing', { timeout: 600_000 }, async () => {
    const driver = await FaultDriver.start(root, configPath);
    onTestFinished(() => driver[Symbol.asyncDispose]());
    let mailboxes = 0;
    const request = (): DriverRequest => {
      return { work: 'restore-account', backup: good, account: 'me', mailbox: `Back/${mailboxes}` };
    };
    const sides = [
      { calls: 'writes', prefix: join(root, 'data', 'accounts', 'me') },
      { calls: 'reads', prefix: join(good, 'data', 'accounts', 'me') },
    ] as const;
    let failures = 0;
    for (const side of sides) {
      mailboxes++;
      const { calls } = await driver.run(request(), { ...side, kind: 'count', at: 0, lasting: false });
      expect(calls).toBeGreaterThan(10);
      for (const kind of kindsOf(side.calls)) {
        for (const at of spread(calls)) {
          mailboxes++;
          const lasting = at % 2 === 0 && kind !== 'EACCES' && kind !== 'short';
          const { answer, call } = await driver.run(request(), { ...side, kind, at, lasting });
          const where = `${kind} at ${call}, call ${at} of ${calls}${lasting ? ' and after' : ''}: ${JSON.stringify(answer)}`;
          const { error, result } = answer!;
          if (error !== undefined) {
            failures++;
            expect(error.message, where).toMatch(/^Cannot .+: .+/s);
          } else if (result?.skipped !== 0) {
            failures++;
            // Each is named.
            expect(answer?.said, where).toHaveLength(result!.skipped!);
          } else expect(result?.restored, where).toBe(3);
          const again = await driver.run(request());
          const found = again.answer?.result;
          const whole = `${where}, then ${JSON.stringify(again.answer)}`;
          expect((found?.restored ?? 0) + (found?.alreadyThere ?? 0), whole).toBe(3);
          if (error === undefined) expect(found?.alreadyThere, whole).toBe(result?.restored);
          const third = await driver.run(request());
          expect(third.answer?.result, whole).toEqual({ restored: 0, alreadyThere: 3, skipped: 0 });
        }
      }
    }
    expect(failures).toBeGreaterThan(places / 4);
    await driver[Symbol.asyncDispose]();
    const data = await runCommand(['verifydata', '--full', '--config', configPath]);
    expect(data, data.stderr).toMatchObject({ code: 0 });
  });

  for (const each of cases.filter(({ calls }) => calls === 'writes')) {
    it(`at which the process is killed while ${each.name} leave nothing that looks whole`, {
      timeout: 600_000,
    }, async () => {
      await emptyOut();
      let calls = 0;
      {
        await using driver = await FaultDriver.start(root, configPath);
        const counting = { kind: 'count', prefix: each.prefix(), calls: 'writes', at: 0, lasting: false } as const;
        ({ calls } = await driver.run(each.request(), counting));
      }
      for (const at of spread(calls).filter((_, index) => index % 3 === 0)) {
        await emptyOut();
        {
          await using driver = await FaultDriver.start(root, configPath);
          const fault: Fault = { kind: 'kill', prefix: each.prefix(), calls: 'writes', at, lasting: false };
          const { answer, call } = await driver.run(each.request(), fault);
          expect(answer, `killed at ${call}`).toBeUndefined();
        }
        await using driver = await FaultDriver.start(root, configPath);
        const where = `killed at call ${at} of ${calls}`;
        const result = each.result!();
        if (existsSync(result)) {
          const proof = await driver.run({ work: 'verify', directory: result });
          expect(proof.answer?.result, where).toEqual({ errors: 0 });
        } else {
          const { answer } = await driver.run(each.request());
          expect(answer?.error, `${where}: ${JSON.stringify(answer)}`).toBeUndefined();
        }
        const proof = await driver.run({ work: 'verify', directory: good });
        expect(proof.answer?.result, where).toEqual({ errors: 0 });
      }
      const clean = await runCommand(['verifydata', '--config', configPath]);
      expect(clean, clean.stderr).toMatchObject({ code: 0 });
    });
  }
});
