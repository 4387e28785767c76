import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkFilesHere } from '../../database/check-files-here.ts';
import type { DatabaseEngine } from '../../database/engine.ts';
import { createTestEngine } from '../../database/sqlite/test-engine-fixture.ts';
import { limits } from '../../runtime/limits.ts';
import { silentLog } from '../../runtime/log.ts';
import { createAuthPart } from './auth-part.ts';
import type { LoginAttempt } from './login-attempt.ts';
import { LoginAttempts } from './login-attempts.ts';

const attempt: LoginAttempt = {
  login: 'anna@here.example',
  remoteAddress: '192.0.2.1',
  protocol: 'imap',
  mechanism: 'PLAIN',
  tls: undefined,
  result: 'failed',
};

async function start(): Promise<{
  directory: string;
  engine: DatabaseEngine;
  logins: LoginAttempts;
  clock: { at: number };
}> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-logins-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const engine = createTestEngine();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  const clock = { at: 1000 };
  const logins = await LoginAttempts.open({
    engine,
    dataDirectory: directory,
    clock: { now: () => clock.at },
    log: silentLog,
    accountForLogin: (login) => (/^anna@/i.test(login) ? 'anna' : undefined),
  });
  onTestFinished(() => logins[Symbol.asyncDispose]());
  return { directory, engine, logins, clock };
}

const part = createAuthPart();
const verify = (directory: string) =>
  Array.fromAsync(
    part.verify(directory, { checkFiles: checkFilesHere(directory), signal: new AbortController().signal }),
  );

describe('logins', () => {
  it('that are alike are one, with the first and last time, and the account whose login it is', async () => {
    const { logins, clock } = await start();
    for (let at = 0; at < 3; at++) logins.record(attempt);
    await logins.list({ limit: 1 });
    clock.at = 5000;
    for (let at = 0; at < 3; at++) logins.record(attempt);
    clock.at = 6000;
    logins.record({ ...attempt, result: 'succeeded', account: 'anna' });
    clock.at = 7000;
    logins.record({ ...attempt, login: undefined, result: 'malformed' });
    logins.record({ ...attempt, login: `${'x'.repeat(5000)}\ud800`, remoteAddress: '2001:db8::1' });
    const rest = {
      login: 'anna@here.example',
      remoteAddress: '192.0.2.1',
      protocol: 'imap',
      mechanism: 'PLAIN',
      credential: '',
      client: '',
      tls: '',
    };
    expect(await logins.list({ account: 'anna', limit: 10 })).toEqual([
      { ...rest, account: 'anna', result: 'succeeded', firstAt: 6000, lastAt: 6000, count: 1 },
      { ...rest, account: 'anna', result: 'failed', firstAt: 1000, lastAt: 5000, count: 6 },
    ]);
    const all = await logins.list({ limit: 10 });
    expect(all).toHaveLength(4);
    expect(all.filter(({ account }) => account === undefined).map(({ login }) => login.length)).toEqual(
      expect.arrayContaining([0, limits.loginCharacters]),
    );
    expect(await logins.list({ limit: 1 })).toMatchObject([{ lastAt: 7000 }]);
  });

  it('tell what was used and by which program, and are different when those are', async () => {
    const { logins } = await start();
    const succeeded: LoginAttempt = { ...attempt, result: 'succeeded', account: 'anna' };
    logins.record({ ...succeeded, credential: 'phone', client: 'K-9 Mail 8.0' });
    logins.record({ ...succeeded, credential: 'phone', client: 'K-9 Mail 8.0' });
    logins.record({ ...succeeded, credential: 'laptop', client: 'x'.repeat(1000) });
    const found = await logins.list({ account: 'anna', limit: 10 });
    expect(found).toHaveLength(2);
    expect(found).toContainEqual(expect.objectContaining({ credential: 'phone', client: 'K-9 Mail 8.0', count: 2 }));
    expect(found).toContainEqual(
      expect.objectContaining({ credential: 'laptop', client: 'x'.repeat(limits.loginClientCharacters) }),
    );
  });

  it('tell where an account was logged in to', async () => {
    const { logins } = await start();
    logins.record({ ...attempt, result: 'succeeded', account: 'anna', remoteAddress: '2001:db8::1' });
    logins.record({ ...attempt, account: 'anna' });
    logins.record({ ...attempt, result: 'succeeded', account: 'bert', remoteAddress: '192.0.2.7' });
    await logins.list({ limit: 1 });
    expect(await logins.isKnown('anna', '2001:db8::2:3:4')).toBe(true);
    expect(await logins.isKnown('anna', '2001:db8:0:1::1')).toBe(false);
    expect(await logins.isKnown('anna', '192.0.2.1')).toBe(false);
    expect(await logins.isKnown('anna', '192.0.2.7')).toBe(false);
    expect(await logins.isKnown('bert', '192.0.2.7')).toBe(true);
  });

  it('are forgotten after a month', async () => {
    const { logins, clock } = await start();
    logins.record(attempt);
    await logins.list({ limit: 1 });
    clock.at += 31 * 24 * 60 * 60 * 1000;
    logins.record({ ...attempt, login: 'other' });
    expect(await logins.list({ limit: 10 })).toMatchObject([{ login: 'other' }]);
  });

  it('by strangers do not push out those that succeeded, and do not grow without end', async () => {
    const { logins, clock } = await start();
    logins.record({ ...attempt, result: 'succeeded' });
    for (let at = 0; at < limits.loginAttemptsPerAccount + 2; at++) {
      clock.at++;
      logins.record({ ...attempt, remoteAddress: `2001:db8::${at.toString(16)}` });
      if (at % limits.loginAttemptsWaiting === 0) await logins.list({ limit: 1 });
    }
    const most = limits.loginAttemptsPerAccount;
    const found = await logins.list({ account: 'anna', limit: 2 * most });
    expect(found.length).toBeLessThanOrEqual(most);
    expect(found.length).toBeGreaterThan(most / 2);
    expect(found.at(-1)).toMatchObject({ result: 'succeeded' });
  });

  it('are part of a backup', async () => {
    const { directory, engine, logins } = await start();
    logins.record(attempt);
    await logins.list({ limit: 1 });
    const copy = await mkdtemp(join(tmpdir(), 'restante-logins-copy-'));
    onTestFinished(() => rm(copy, { recursive: true }));
    expect(await verify(copy)).toEqual([]);
    {
      await using snapshot = await engine.snapshot();
      expect(await Array.fromAsync(part.capture(snapshot, directory))).toEqual([{ kind: 'database', path: 'auth.db' }]);
      await snapshot.copy(join(directory, 'auth.db'), join(copy, 'auth.db'), { signal: new AbortController().signal });
    }
    expect(part.owns('auth.db')).toBe(true);
    expect(part.owns('auth.db-wal')).toBe(true);
    expect(await verify(copy)).toEqual([]);
    await writeFile(join(copy, 'auth.db'), 'no database');
    expect(await verify(copy)).toMatchObject([{ severity: 'error', path: 'auth.db' }]);
  });
});
