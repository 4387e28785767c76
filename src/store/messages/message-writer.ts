import type { Clock } from '../../runtime/clock.ts';
import { nextTurn } from '../../runtime/turns.ts';
import { type ChangeableFlags, everyFlag, type Flags } from '../flags.ts';
import type { Opening } from '../opening.ts';
import type { ArrivingMove } from '../operations/add-messages.ts';
import type { CopiedUids } from '../operations/copy-messages.ts';
import type { QuotaLimits } from '../quota.ts';
import type { SharedAccount } from '../shared-account.ts';
import { toUidRanges, type UidSelection } from '../uid-ranges.ts';
import { addWithFiles } from './add-with-files.ts';
import { checkKeywords, noKeywords, parseKeywords } from './keywords.ts';
import type { ChangedFlags, MessageFlags } from './message-rows.ts';
import type { AddedMessage, NewMessage } from './new-message.ts';
import { describeFile, toStoredMessage, toUndescribed } from './stored-message.ts';

export interface CopiedMessages {
  readonly uidValidity: number;
  readonly pairs: readonly { readonly sourceUid: number; readonly uid: number }[];
}

/** Of a result, unpacked without a turn. */
const messagesAtOnce = 200;

/** Changes to the messages of an account. */
export class MessageWriter {
  readonly #shared: SharedAccount;
  readonly #clock: Clock;
  readonly #quota: () => QuotaLimits;

  constructor(opening: Opening) {
    this.#shared = opening.shared;
    this.#clock = opening.clock;
    this.#quota = opening.quota;
  }

  /**
   * Adds one message: to a mailbox by name or id. Its file must have come from `MessageIntake.finish` or `adopt`.
   * @throws MailboxNotFoundError, OverQuotaError, AlreadyDeliveredError
   */
  async add(message: NewMessage): Promise<AddedMessage> {
    const [added] = await this.addAll([message]);
    return added!;
  }

  /**
   * Adds all or none (MULTIAPPEND). UIDs ascend in the order given.
   * @param move remembered with them until `forgetMove`: see `sharing/transfer-messages.ts`
   */
  async addAll(messages: readonly NewMessage[], move?: ArrivingMove): Promise<AddedMessage[]> {
    const now = this.#clock.now();
    const undescribed = messages.map((message) => toUndescribed(message, now));
    return await addWithFiles(
      this.#shared,
      messages,
      async (ids) => {
        const added = await this.#shared.write('addMessages', {
          now,
          quota: this.#quota(),
          messages: messages.map(({ file }, index) => ({
            ...describeFile(undescribed[index]!, file),
            contentId: ids[index]!,
          })),
          move,
        });
        return { result: added, unused: [] };
      },
      async (contentId, file) => {
        const message = { ...undescribed[0]!, contentId };
        const args = { now, quota: this.#quota(), message, file, move };
        return { result: await this.#shared.write('addMessageWithFile', args), unused: [] };
      },
    );
  }

  /**
   * Adds a message to a mailbox that exists, and expunges another, in one transaction.
   * @throws MailboxNotFoundError, MessageNotFoundError, OverQuotaError, StoreLimitError
   */
  async replace(mailboxId: number, uid: number, message: NewMessage): Promise<AddedMessage> {
    const now = this.#clock.now();
    const stored = toStoredMessage(message, now);
    return await addWithFiles(this.#shared, [message], async ([contentId]) => {
      const { added, erasable } = await this.#shared.write('replaceMessage', {
        now,
        quota: this.#quota(),
        mailboxId,
        uid,
        message: { ...stored, contentId: contentId! },
      });
      if (erasable > 0) this.#shared.eraser.schedule();
      return { result: added, unused: [] };
    });
  }

  /**
   * Changes flags.
   * @param within what `replace` may change; default: all
   * @param unchangedSince leaves out messages whose MODSEQ is above it (CONDSTORE), and names them in `modified`
   * @returns messages that exist now in `changed`, in UID order, whether or not the flags differed; `modseq` of each after the change;
   *   `modseq` of this change itself, undefined when no flags differed
   */
  async storeFlags(
    mailboxId: number,
    uids: UidSelection,
    change: { mode: 'add' | 'remove' | 'replace'; flags: Flags },
    options: { unchangedSince?: number; within?: ChangeableFlags } = {},
  ): Promise<{ changed: ChangedFlags[]; modified: number[]; modseq: number | undefined }> {
    const result = await this.#shared.write('storeFlags', {
      mailboxId,
      ranges: toUidRanges(uids),
      mode: change.mode,
      flagBits: change.flags.bits,
      keywords: checkKeywords(change.flags.keywords),
      within: options.within ?? everyFlag,
      unchangedSince: options.unchangedSince,
    });
    await ownTurn(result.uids.length);
    const changed: ChangedFlags[] = new Array(result.uids.length);
    for (let i = 0; i < changed.length; i++) {
      const text = result.keywords?.[i] ?? null;
      changed[i] = {
        uid: result.uids[i]!,
        modseq: result.modseqs[i]!,
        priorModseq: result.priors[i]!,
        flagBits: result.flagBits[i]!,
        keywords: text === null ? noKeywords : parseKeywords(text),
      };
    }
    return { changed, modified: result.modified, modseq: result.modseq };
  }

  /**
   * Changes flags of messages that are expunged, as whoever sees them still reads them: for others they are expunged once more.
   * @returns those of which there is a row left, in UID order
   * @throws MailboxNotFoundError
   */
  async storeExpungedFlags(
    mailboxId: number,
    uids: readonly number[],
    change: { mode: 'add' | 'remove' | 'replace'; flags: Flags },
    within: ChangeableFlags,
  ): Promise<MessageFlags[]> {
    const rows = await this.#shared.write('storeExpungedFlags', {
      mailboxId,
      ranges: toUidRanges(uids),
      mode: change.mode,
      flagBits: change.flags.bits,
      keywords: checkKeywords(change.flags.keywords),
      within,
    });
    return rows.map(({ uid, modseq, flags, keywords }) => ({
      uid,
      modseq,
      flagBits: flags,
      keywords: keywords === null ? noKeywords : parseKeywords(keywords),
    }));
  }

  /**
   * @param kept flags that the copies have, too; default: all. The received date is kept always
   * @returns pairs in UID order
   * @throws MailboxNotFoundError, OverQuotaError
   */
  async copy(
    mailboxId: number,
    uids: UidSelection,
    targetMailboxId: number,
    kept = everyFlag,
  ): Promise<CopiedMessages & { modseq: number }> {
    const copied = await this.#shared.write('copyMessages', {
      now: this.#clock.now(),
      quota: this.#quota(),
      mailboxId,
      ranges: toUidRanges(uids),
      targetMailboxId,
      kept,
    });
    await ownTurn(copied.sourceUids.length);
    return { ...toCopied(copied), modseq: copied.modseq };
  }

  /** Moves in one transaction: nobody sees a message in both or neither. */
  async move(
    mailboxId: number,
    uids: UidSelection,
    targetMailboxId: number,
    kept = everyFlag,
  ): Promise<CopiedMessages & { modseq: number }> {
    const now = this.#clock.now();
    const moved = await this.#shared.write('moveMessages', {
      now,
      mailboxId,
      ranges: toUidRanges(uids),
      targetMailboxId,
      kept,
    });
    await ownTurn(moved.sourceUids.length);
    return { ...toCopied(moved), modseq: moved.modseq };
  }

  /**
   * Expunges: rows now, files when no session and no snapshot needs them.
   * @param which `deleted` takes only messages with \Deleted
   * @returns UIDs expunged, ascending, and the MODSEQ of their expunge
   */
  async expunge(
    mailboxId: number,
    uids: UidSelection,
    which: 'deleted' | 'all',
  ): Promise<{ uids: number[]; modseq: number }> {
    const result = await this.#shared.write('expungeMessages', { mailboxId, ranges: toUidRanges(uids), which });
    if (result.erasable > 0) this.#shared.eraser.schedule();
    await ownTurn(result.uids.length);
    return { uids: result.uids, modseq: result.modseq };
  }
}

/** Those who have waited for one commit are answered together: what is much is unpacked in a turn of its own. */
async function ownTurn(messages: number): Promise<void> {
  if (messages > messagesAtOnce) await nextTurn();
}

function toCopied({ uidValidity, sourceUids, firstUid }: CopiedUids): CopiedMessages {
  return {
    uidValidity,
    pairs: Array.from(sourceUids, (sourceUid, index) => ({ sourceUid, uid: firstUid + index })),
  };
}
