import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { RateLimit } from '../runtime/rate-limit.ts';
import { LoginGuard } from './login-guard.ts';

function start() {
  const clock = { at: 0, now: () => clock.at };
  const guard = new LoginGuard({
    clock,
    failedLogins: [new RateLimit({ clock, windowMs: 60_000, limits: [12, 100, 1000] })],
    failedLoginsPerAccount: 3,
    delayMs: 100,
    accountForLogin: (login) => (/^anna@/.test(login) ? 'anna' : undefined),
    isKnown: async (account, address) => account === 'anna' && address === '192.0.2.1',
  });
  return { guard, clock };
}

describe('guessing', () => {
  it('from one address waits longer and longer, up to five times, and then may not go on', () => {
    const { guard, clock } = start();
    const waited: number[] = [];
    while (guard.mayTry('198.51.100.1')) waited.push(guard.failed('198.51.100.1', undefined));
    expect(waited).toEqual([100, 200, 300, 400, 500, 500, 500, 500, 500, 500, 500, 500]);
    expect(guard.mayTry('198.51.100.2')).toBe(true);
    expect(guard.failed('198.51.100.2', undefined)).toBe(100);
    clock.at += 60_000;
    expect(guard.mayTry('198.51.100.1')).toBe(true);
    expect(guard.failed('198.51.100.1', undefined)).toBe(100);
  });

  it('at one account from many addresses leaves those in that were there before', async () => {
    const { guard, clock } = start();
    for (const [address, login] of [
      ['198.51.100.1', 'anna@here.example'],
      ['203.0.113.1', 'anna@there.example'],
      ['203.0.113.77', 'anna@here.example'],
    ] as const) {
      expect(await guard.admits(address, login)).toBe(true);
      guard.failed(address, login);
    }
    expect(await guard.admits('192.0.2.99', 'anna@here.example')).toBe(false);
    expect(await guard.admits('192.0.2.1', 'anna@here.example')).toBe(true);
    expect(await guard.admits('192.0.2.99', 'bert@here.example')).toBe(true);
    expect(await guard.admits('192.0.2.99', undefined)).toBe(true);
    clock.at += 3_600_000;
    expect(await guard.admits('192.0.2.99', 'anna@here.example')).toBe(true);
  });

  it('at a login that does not exist ends in the same way', async () => {
    const { guard } = start();
    for (let at = 0; at < 3; at++) guard.failed('198.51.100.1', 'Nobody@here.example');
    expect(await guard.admits('192.0.2.1', 'nobody@here.example')).toBe(false);
  });

  it('at very many logins that do not exist keeps nobody else out', async () => {
    const { guard } = start();
    for (let at = 0; at < 100_010; at++) guard.failed('198.51.100.1', `nobody${at}@here.example`);
    expect(await guard.admits('192.0.2.99', 'anna@here.example')).toBe(true);
  });

  it('has limits that let people mistype', () => {
    const guard = new LoginGuard({ clock: { now: () => 0 } });
    expect(guard.failed('198.51.100.1', undefined)).toBe(limits.failedLoginDelayMs);
    for (let at = 0; at < 8; at++) guard.failed('198.51.100.1', undefined);
    expect(guard.mayTry('198.51.100.1')).toBe(true);
    guard.failed('198.51.100.1', undefined);
    expect(guard.mayTry('198.51.100.1')).toBe(false);
  });
});
