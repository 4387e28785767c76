/** Messages by what came of them. Each that was chosen is in one of the first four or skipped. */
export interface RestoreCounts {
  /** Added, or brought back from the trash. */
  restored: number;
  /** Left as it is. */
  alreadyThere: number;
  /** It was there, and its flags or keywords were changed. */
  changed: number;
  /** It was in another mailbox, from where it was moved. */
  moved: number;
  /** Not in the backup: expunged. */
  removed: number;
  /** Could not be restored. */
  skipped: number;
}

export type SkipReason = 'damaged' | 'over-quota' | 'limit' | 'new-mail';

export interface SkippedMessage {
  readonly reason: SkipReason;
  /** In the backup. */
  readonly mailbox: string;
  /** There; undefined for a whole mailbox. */
  readonly uid?: number;
  readonly subject?: string;
  readonly detail: string;
}

export interface MailboxCounts extends RestoreCounts {
  readonly mailbox: string;
  /** Deleted mailboxes that live again go on with their UIDs; others are new. */
  outcome?: 'created' | 'revived' | 'renamed' | 'deleted';
}

/** What a restore did, or would do. */
export interface RestoreSummary extends RestoreCounts {
  /** Messages of the backup that were chosen. */
  readonly selected: number;
  /** Of those restored: moved back from the trash. */
  readonly fromTrash: number;
  readonly skippedBy: Readonly<Partial<Record<SkipReason, number>>>;
  /** The first of them. */
  readonly skippedMessages: readonly SkippedMessage[];
  readonly mailboxes: readonly MailboxCounts[];
}

/** Of those skipped, so many are named. */
const maxNamed = 100;

const zero: RestoreCounts = { restored: 0, alreadyThere: 0, changed: 0, moved: 0, removed: 0, skipped: 0 };

/** Counts what comes of messages. */
export class RestoreTally {
  readonly #total = { ...zero };
  readonly #mailboxes = new Map<string, MailboxCounts>();
  readonly #skippedBy: Partial<Record<SkipReason, number>> = {};
  readonly #named: SkippedMessage[] = [];
  readonly #onSkipped: ((skipped: SkippedMessage) => void) | undefined;
  #fromTrash = 0;

  /** @param onSkipped told of each, also of those that the summary doesn't name */
  constructor(onSkipped?: (skipped: SkippedMessage) => void) {
    this.#onSkipped = onSkipped;
  }

  count(mailbox: string, kind: Exclude<keyof RestoreCounts, 'skipped'>, messages = 1): void {
    this.#total[kind] += messages;
    this.#of(mailbox)[kind] += messages;
  }

  countFromTrash(messages: number): void {
    this.#fromTrash += messages;
  }

  /**
   * @param skipped of a message, or of a mailbox, which counts as none
   * @param target where it would have gone
   */
  skip(skipped: SkippedMessage, target = skipped.mailbox): void {
    if (skipped.uid !== undefined) {
      this.#total.skipped++;
      this.#of(target).skipped++;
    }
    this.#skippedBy[skipped.reason] = (this.#skippedBy[skipped.reason] ?? 0) + 1;
    if (this.#named.length < maxNamed) this.#named.push(skipped);
    this.#onSkipped?.(skipped);
  }

  /** Names what came of a mailbox. */
  mailbox(mailbox: string, outcome: NonNullable<MailboxCounts['outcome']>): void {
    this.#of(mailbox).outcome = outcome;
  }

  summary(): RestoreSummary {
    const { restored, alreadyThere, changed, moved, skipped } = this.#total;
    return {
      selected: restored + alreadyThere + changed + moved + skipped,
      ...this.#total,
      fromTrash: this.#fromTrash,
      skippedBy: this.#skippedBy,
      skippedMessages: this.#named,
      mailboxes: [...this.#mailboxes.values()].sort((a, b) => (a.mailbox < b.mailbox ? -1 : 1)),
    };
  }

  #of(mailbox: string): MailboxCounts {
    let counts = this.#mailboxes.get(mailbox);
    if (counts === undefined) {
      counts = { mailbox, ...zero };
      this.#mailboxes.set(mailbox, counts);
    }
    return counts;
  }
}
