import { describe, expect, it } from 'vitest';
import { configuredLimits, failedLoginLimits } from './configured-limits.ts';

const clock = { now: () => 1_000_000 };

describe('limits of restante.yaml', () => {
  it('are of the narrowest range of an address, and wider ranges have more', () => {
    expect(configuredLimits({ limits: {} })).toEqual({});
    expect(configuredLimits({ limits: { messageBytes: 5, openConnections: 10, connectionsPerMinute: 100 } })).toEqual({
      messageBytes: 5,
      openConnections: [10, 30, 90],
      connectionsPerMinute: [100, 300, 900],
    });
  });

  it('hold for failed logins in a minute, and five times as many in a day', () => {
    const { failedLogins, ...rest } = failedLoginLimits({ limits: { failedLoginsPerMinute: 2 } }, clock);
    expect(rest).toEqual({});
    expect(failedLoginLimits({ limits: { failedLoginsPerAccount: 7, failedLoginDelay: 0 } }, clock)).toMatchObject({
      failedLoginsPerAccount: 7,
      delayMs: 0,
    });
    const [minute, day] = failedLogins!;
    const count = (address: string): number => [...Array(20)].filter(() => minute.add(address)).length;
    expect([count('192.0.2.1'), count('192.0.2.2'), count('192.0.2.3'), count('192.0.2.4')]).toEqual([2, 2, 2, 0]);
    expect([...Array(20)].filter(() => day.add('192.0.2.1'))).toHaveLength(10);
  });
});
