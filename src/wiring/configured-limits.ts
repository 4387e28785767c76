import type { StaticConfig } from '../config/static-config.ts';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import { RateLimit } from '../runtime/rate-limit.ts';
import type { LoginGuardOptions } from '../sasl/login-guard.ts';

type OfRanges = readonly [narrow: number, middle: number, wide: number];

/** The limits that restante.yaml sets: what is left out stays as built in. */
export function configuredLimits(config: Pick<StaticConfig, 'limits'>): {
  messageBytes?: number;
  openConnections?: OfRanges;
  connectionsPerMinute?: OfRanges;
} {
  const { messageBytes, openConnections, connectionsPerMinute } = config.limits;
  return {
    ...(messageBytes === undefined ? {} : { messageBytes }),
    ...(openConnections === undefined ? {} : { openConnections: ofRanges(openConnections) }),
    ...(connectionsPerMinute === undefined ? {} : { connectionsPerMinute: ofRanges(connectionsPerMinute) }),
  };
}

/** Of `LoginGuard`. */
export function failedLoginLimits(
  config: Pick<StaticConfig, 'limits'>,
  clock: Clock,
): Pick<LoginGuardOptions, 'failedLogins' | 'failedLoginsPerAccount' | 'delayMs'> {
  const { failedLoginsPerMinute: perMinute, failedLoginsPerAccount, failedLoginDelay: delayMs } = config.limits;
  const minute = perMinute === undefined ? limits.failedLoginsPerMinute : ofRanges(perMinute);
  const day = perMinute === undefined ? limits.failedLoginsPerDay : ofRanges(5 * perMinute);
  return {
    failedLogins: [
      new RateLimit({ clock, windowMs: 60_000, limits: minute }),
      new RateLimit({ clock, windowMs: 24 * 60 * 60_000, limits: day }),
    ],
    ...(failedLoginsPerAccount === undefined ? {} : { failedLoginsPerAccount }),
    ...(delayMs === undefined ? {} : { delayMs }),
  };
}

/** The wider ranges of an address hold several senders. */
function ofRanges(narrow: number): OfRanges {
  return [narrow, 3 * narrow, 9 * narrow];
}

/** Of `OpenSessions`. */
export function sessionLimit({ limits }: Pick<StaticConfig, 'limits'>): { sessionsPerAccount?: number } {
  const { sessionsPerAccount } = limits;
  return sessionsPerAccount === undefined ? {} : { sessionsPerAccount };
}
