import type { ArcVerdict } from '../mailauth/arc/arc-verify.ts';
import type { DkimVerdict } from '../mailauth/dkim/dkim-verify.ts';
import type { DmarcVerdict } from '../mailauth/dmarc/evaluate-dmarc.ts';
import type { SpfVerdict } from '../mailauth/spf/verify-spf.ts';
import type { ReverseNameVerdict } from '../mailauth/verify-reverse-name.ts';
import type { Author } from './message-authors.ts';
import type { DmarcOverride } from './vouched-author.ts';

/** What was found out about who sent a message from another server. */
export interface SenderVerdict {
  readonly ip: string;
  readonly reverseName: ReverseNameVerdict;
  readonly spf: SpfVerdict;
  readonly dkim: readonly DkimVerdict[];
  readonly dmarc: DmarcVerdict;
  readonly arc: ArcVerdict;
  /** Undefined: the policy of the author's domain is applied. */
  readonly dmarcOverride: DmarcOverride | undefined;
  /** The one author; undefined when there is none or more than one. */
  readonly author: Author | undefined;
  /** Another server of the user passed the message on: `ip` is that server's. See `forwardedSender`. */
  readonly isForwarded?: boolean;
  /** All of it as Authentication-Results has it, after the colon. */
  readonly results: string;
  /** Trace fields that say it, to go before all others. */
  readonly fields: string;
}
