import type { ExpectedFile, FileProblem } from '../../database/durable-part.ts';
import type { Account } from '../account.ts';
import type { AccountAtRest } from '../account-at-rest.ts';
import type { Accounts } from '../accounts.ts';
import type { SkippedMessage } from './restore-tally.ts';
import type { MessageSelection } from './select-messages.ts';

export interface RestoreAccountOptions {
  readonly source: AccountAtRest;
  readonly account: RestoredAccount;
  readonly accounts: Pick<Accounts, 'startMessage'>;
  /**
   * `merge`: what is missing comes back, and nothing else is touched. `mirror`: everything becomes as in the backup; not for single
   * messages, nor into another mailbox.
   */
  readonly mode: 'merge' | 'mirror';
  readonly selection: MessageSelection;
  /** All that is chosen goes to this mailbox, whatever others hold. */
  readonly into?: string | undefined;
  /** Finds out what would be done, and does nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  /** Compares message files of the source, named absolutely, with their rows. */
  readonly checkFiles: (files: readonly ExpectedFile[]) => Promise<readonly FileProblem[]>;
  readonly onSkipped?: (skipped: SkippedMessage) => void;
  readonly onProgress: (progress: RestoreProgress) => void;
}

export interface RestoreProgress {
  readonly step: 'choose' | 'compare' | 'restore' | 'change' | 'remove';
  readonly done: number;
  readonly total?: number;
  readonly bytes?: number;
}

/** What restoring uses of an account. */
export type RestoredAccount = Pick<Account, 'name' | 'read' | 'mailboxes' | 'messages' | 'annotations' | 'restoring'>;
