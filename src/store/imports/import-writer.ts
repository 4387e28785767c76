import type { Clock } from '../../runtime/clock.ts';
import type { Flags } from '../flags.ts';
import { addWithFiles } from '../messages/add-with-files.ts';
import type { NewMessage } from '../messages/new-message.ts';
import { toStoredMessage } from '../messages/stored-message.ts';
import type { Opening } from '../opening.ts';
import type { ImportOutcome } from '../operations/add-imported-messages.ts';
import type { SourceFlags } from '../operations/update-imported-flags.ts';
import type { QuotaLimits } from '../quota.ts';
import type { SharedAccount } from '../shared-account.ts';
import type { ImportMailbox } from './import-rows.ts';

/** A message of a mailbox of another server. */
export interface NewImport extends Pick<NewMessage, 'file' | 'receivedAt'> {
  readonly mailbox: string;
  readonly flags: Flags;
  /** UID that it has there. */
  readonly sourceUid: number;
}

/** For importing from another server, named by `source`; see `ImportMailbox`. */
export class ImportWriter {
  readonly #shared: SharedAccount;
  readonly #clock: Clock;
  readonly #quota: () => QuotaLimits;

  constructor(opening: Opening) {
    this.#shared = opening.shared;
    this.#clock = opening.clock;
    this.#quota = opening.quota;
  }

  /** Notes a mailbox there, or that it has another UIDVALIDITY. */
  async begin(mailbox: { source: string; name: string; uidValidity: number }): Promise<ImportMailbox> {
    return await this.#shared.write('beginImport', mailbox);
  }

  /**
   * Adds messages of such a mailbox, apart from those that have come before, and notes that they have come.
   * @throws OverQuotaError, StoreLimitError
   */
  async add(importMailboxId: number, messages: readonly NewImport[]): Promise<ImportOutcome[]> {
    const now = this.#clock.now();
    const stored = messages.map(({ sourceUid, ...message }) => ({ ...toStoredMessage(message, now), sourceUid }));
    return await addWithFiles(this.#shared, messages, async (ids) => {
      const result = await this.#shared.write('addImportedMessages', {
        now,
        quota: this.#quota(),
        importMailboxId,
        messages: stored.map((message, index) => ({ ...message, contentId: ids[index]! })),
      });
      return { result, unused: ids.filter((_, index) => result[index] !== 'added') };
    });
  }

  /** Follows changes of flags there. @returns messages that were changed */
  async updateFlags(importMailboxId: number, messages: readonly SourceFlags[]): Promise<number> {
    return await this.#shared.write('updateImportedFlags', { importMailboxId, messages });
  }

  /** Notes how far an import has come, with all that was added before. */
  async settle(progress: { importMailboxId: number; completeBelow: number; modseq: string }): Promise<void> {
    await this.#shared.write('settleImport', progress);
  }
}
