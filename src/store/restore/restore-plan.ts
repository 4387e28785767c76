import type { LiveMessages } from './live-messages.ts';
import type { MessageInstances } from './message-instances.ts';
import type { PlannedChanges } from './planned-changes.ts';
import type { StoredMailbox } from './stored-rows.ts';

/** A mailbox of the account as it is to be, in the order in which they are made: those above before those below. */
export interface TargetMailbox {
  /** The name that it has or gets. */
  readonly name: string;
  /** Of the live mailbox; undefined: it is missing. */
  readonly liveId: number | undefined;
  /** Its name now, when it is to be renamed. */
  readonly renamedFrom: string | undefined;
  /** What it was in the backup; undefined for a mailbox that all is put into. */
  readonly source: StoredMailbox | undefined;
  /** Whether it is made though nothing goes into it. */
  readonly isWanted: boolean;
}

/** A mailbox of the backup. */
export interface SourceMailbox {
  readonly mailbox: StoredMailbox;
  /** Index in the targets. */
  readonly target: number;
  /** Undefined: none of its messages is restored, they only count as there. */
  readonly chosen: 'all' | readonly number[] | undefined;
}

/** What is to be done. It rests on the live account as of one instant; carrying it out minds what has changed since. */
export interface RestorePlan {
  readonly targets: readonly TargetMailbox[];
  readonly sources: readonly SourceMailbox[];
  /** The account as of the instant; taken messages are in the backup. */
  readonly live: LiveMessages;
  /** Whether ids of mailboxes mean the same here and in the backup. */
  readonly sameAccount: boolean;
  /** Messages of the backup that are not in their place; taken: found elsewhere. Their mailboxes are indexes in `sources`. */
  readonly missing: MessageInstances;
  readonly changes: PlannedChanges;
}
