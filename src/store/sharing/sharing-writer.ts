import type { SharedAccount } from '../shared-account.ts';
import { toUidRanges } from '../uid-ranges.ts';
import type { AclEntry, RightsChange } from './rights.ts';

/** Changes to what an account shares with others, and the source's side of moves to them: see `transfer-messages.ts`. */
export class SharingWriter {
  readonly #shared: SharedAccount;
  readonly #noteShare: (identifier: string) => Promise<void>;

  /** @param noteShare says, durably, that the account may share something with somebody */
  constructor(shared: SharedAccount, noteShare: (identifier: string) => Promise<void>) {
    this.#shared = shared;
    this.#noteShare = noteShare;
  }

  /**
   * Changes what others may do with a mailbox. Without any right the entry goes.
   * @throws MailboxNotFoundError, StoreLimitError
   */
  async changeAcl(
    mailboxId: number,
    entry: Pick<AclEntry, 'identifier' | 'accountCreatedAt'>,
    change: RightsChange,
  ): Promise<void> {
    const { identifier, accountCreatedAt } = entry;
    if (!identifier.startsWith('-')) await this.#noteShare(identifier);
    await this.#shared.write('changeAcl', { mailboxId, identifier, accountCreatedAt, ...change });
  }

  /** Expunges what a move has taken to another account; asked again, tells the same. @returns UIDs that were still there */
  async expungeMoved(id: Uint8Array, mailboxId: number, uids: readonly number[]): Promise<number[]> {
    const taken = await this.#shared.write('expungeMoved', { id, mailboxId, ranges: toUidRanges(uids) });
    if (taken.erasable > 0) this.#shared.eraser.schedule();
    return taken.uids;
  }

  async forgetMove(id: Uint8Array): Promise<void> {
    await this.#shared.write('forgetMove', { id });
  }
}
