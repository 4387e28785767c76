import type { Clock } from '../runtime/clock.ts';
import type { QuotaLimits } from './quota.ts';
import type { SharedAccount } from './shared-account.ts';

/** What changes by one opening of an account are made with. */
export interface Opening {
  readonly shared: SharedAccount;
  readonly clock: Clock;
  /** By configuration, as it is now. */
  readonly quota: () => QuotaLimits;
}
