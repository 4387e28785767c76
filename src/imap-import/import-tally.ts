import { limits } from '../runtime/limits.ts';

export interface SkippedMessage {
  /** As the source calls it. */
  readonly mailbox: string;
  readonly uid: number;
  readonly sizeBytes: number;
  readonly reason: string;
}

/** What has become of a mailbox of the source. */
export interface MailboxSummary {
  readonly name: string;
  /** Its name here. */
  readonly target: string;
  imported: number;
  bytes: number;
  /** Had come before. */
  alreadyThere: number;
  /** Had come before the mailbox got another UIDVALIDITY: known by their bytes. */
  matched: number;
  flagsChanged: number;
  skipped: number;
}

export interface ImapImportResult {
  readonly account: string;
  /** What the source is remembered as. */
  readonly source: string;
  readonly dryRun: boolean;
  /** Of all mailboxes; in a dry run, what would be. */
  readonly imported: number;
  readonly bytes: number;
  readonly alreadyThere: number;
  readonly matched: number;
  readonly flagsChanged: number;
  readonly skipped: number;
  readonly mailboxes: readonly MailboxSummary[];
  /** Mailboxes left out as one would expect, and why. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** Mailboxes that could not be imported, or not to their end. */
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
  /** The first of the messages that were left out. */
  readonly skippedMessages: readonly SkippedMessage[];
}

/** Counts what an import does. */
export class ImportTally {
  readonly mailboxes: MailboxSummary[] = [];
  readonly failed: { name: string; reason: string }[] = [];
  readonly #skippedMessages: SkippedMessage[] = [];
  readonly #done = { messages: 0, bytes: 0 };
  readonly #onSkipped: (skipped: SkippedMessage) => void;

  constructor(onSkipped: (skipped: SkippedMessage) => void) {
    this.#onSkipped = onSkipped;
  }

  mailbox(name: string, target: string): MailboxSummary {
    const counts = { imported: 0, bytes: 0, alreadyThere: 0, matched: 0, flagsChanged: 0, skipped: 0 };
    const summary: MailboxSummary = { name, target, ...counts };
    this.mailboxes.push(summary);
    return summary;
  }

  add(summary: MailboxSummary, bytes: number): void {
    summary.imported++;
    summary.bytes += bytes;
    this.#done.messages++;
    this.#done.bytes += bytes;
  }

  match(summary: MailboxSummary): void {
    summary.matched++;
    this.#done.messages++;
  }

  skip(summary: MailboxSummary, skipped: Omit<SkippedMessage, 'mailbox'>): void {
    summary.skipped++;
    this.#done.messages++;
    const message = { mailbox: summary.name, ...skipped };
    if (this.#skippedMessages.length < limits.importSkippedNamed) this.#skippedMessages.push(message);
    this.#onSkipped(message);
  }

  /** Messages that are dealt with, and bytes of those that came. */
  get done(): { readonly messages: number; readonly bytes: number } {
    return this.#done;
  }

  result(more: Pick<ImapImportResult, 'account' | 'source' | 'dryRun' | 'leftOut'>): ImapImportResult {
    return {
      ...more,
      imported: this.#sum('imported'),
      bytes: this.#sum('bytes'),
      alreadyThere: this.#sum('alreadyThere'),
      matched: this.#sum('matched'),
      flagsChanged: this.#sum('flagsChanged'),
      skipped: this.#sum('skipped'),
      mailboxes: this.mailboxes,
      failed: this.failed,
      skippedMessages: this.#skippedMessages,
    };
  }

  #sum(what: 'imported' | 'bytes' | 'alreadyThere' | 'matched' | 'flagsChanged' | 'skipped'): number {
    return this.mailboxes.reduce((sum, mailbox) => sum + mailbox[what], 0);
  }
}
