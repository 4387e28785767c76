import type { SmtpError } from '../../smtp/smtp-error.ts';
import type { Account } from '../../store/account.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import type { AccountRecipient } from '../resolve-recipient.ts';
import type { Ruleset } from '../rules/ruleset.ts';
import type { SenderVerdict } from '../sender-verdict.ts';

/** Why a message went where it went: in the X-Restante-Reason field, the log and a metric. docs/junk-mail.md explains each. */
export type Reason =
  | 'no-objection'
  | 'report'
  | 'known-correspondent'
  | 'list-rule'
  | 'no-author'
  | 'author-reputation'
  | 'domain-reputation'
  | 'signature-reputation'
  | 'envelope-reputation'
  | 'address-reputation'
  | 'network-reputation'
  | 'dmarc-reject'
  | 'dmarc-quarantine'
  | 'arc-override'
  | 'introduction'
  | 'subject-pass'
  | 'account-rate'
  | 'spf-fail'
  | 'no-reverse-name'
  | 'junk-words'
  | 'dns-blocklist';

/** What is done with a message for one recipient. */
export type Decision =
  | {
      readonly action: 'accept';
      readonly reason: Reason;
      readonly detail?: string;
      /** Instead of the one that the address is for; a ruleset's goes before it. */
      readonly mailbox?: string;
    }
  | { readonly action: 'junk'; readonly reason: Reason; readonly detail?: string }
  | { readonly action: 'refuse'; readonly reason: Reason; readonly detail?: string; readonly error: SmtpError };

/** A message from another server, for one account. */
export interface Question {
  readonly message: IncomingMessage;
  readonly sender: SenderVerdict;
  readonly recipient: AccountRecipient;
  readonly account: Account;
  /** Of the user, for this message. */
  readonly ruleset: Ruleset | undefined;
  /** Words of the message, for junk filters; found out once for all recipients. */
  readonly words: () => Promise<ReadonlySet<string>>;
  readonly signal: AbortSignal;
}

/** One step of the decision. @returns undefined when it has nothing to say, so that the next one is asked */
export type DecisionStep = (question: Question) => Promise<Decision | undefined>;
