import type { Clock } from '../../runtime/clock.ts';
import type { Flags } from '../flags.ts';
import { normaliseMailboxName } from '../mailbox-name.ts';
import { addWithFiles } from '../messages/add-with-files.ts';
import type { ReceivedFile } from '../messages/received-file.ts';
import { toStoredMessage } from '../messages/stored-message.ts';
import type { Opening } from '../opening.ts';
import type { AddedMissing, StoredMissing } from '../operations/add-missing-messages.ts';
import type { MailboxToRestore } from '../operations/restore-mailbox.ts';
import type { QuotaLimits } from '../quota.ts';
import type { SharedAccount } from '../shared-account.ts';

/** A message of a backup that is to be added as it was. */
export interface MissingMessage extends Pick<StoredMissing, 'prefix' | 'kept' | 'places'> {
  readonly file: ReceivedFile;
  readonly flags: Flags;
  readonly receivedAt: number;
}

/** For restoring from a backup. */
export class RestoreWriter {
  readonly #shared: SharedAccount;
  readonly #clock: Clock;
  readonly #quota: () => QuotaLimits;

  constructor(opening: Opening) {
    this.#shared = opening.shared;
    this.#clock = opening.clock;
    this.#quota = opening.quota;
  }

  /** Makes a mailbox that is missing, or brings back the one that had its name last. */
  async restoreMailbox(mailbox: MailboxToRestore): Promise<{ id: number; outcome: 'present' | 'revived' | 'created' }> {
    return await this.#shared.write('restoreMailbox', { ...mailbox, name: normaliseMailboxName(mailbox.name) });
  }

  /**
   * Adds messages that a mailbox was seen to lack, apart from those that have come into it since.
   * @param seenModseq what came into the mailbox up to this MODSEQ is known
   */
  async addMissing(mailbox: string, seenModseq: number, messages: readonly MissingMessage[]): Promise<AddedMissing> {
    const now = this.#clock.now();
    const stored = messages.map(({ kept, places, ...message }) => {
      const { mailbox: _, createMissing: _made, ...rest } = toStoredMessage({ ...message, mailbox }, now);
      return { ...rest, kept, places };
    });
    return await addWithFiles(this.#shared, messages, async (ids) => {
      const result = await this.#shared.write('addMissingMessages', {
        now,
        quota: this.#quota(),
        mailbox: normaliseMailboxName(mailbox),
        seenModseq,
        messages: stored.map((message, index) => ({ ...message, contentId: ids[index]! })),
      });
      return { result, unused: ids.filter((_, index) => result.outcomes[index] !== 'added') };
    });
  }
}
