import type { Clock } from '../../runtime/clock.ts';
import { normaliseMailboxName } from '../mailbox-name.ts';
import type { Opening } from '../opening.ts';
import type { SharedAccount } from '../shared-account.ts';
import type { Mailbox, SpecialUse } from './mailbox.ts';
import { MailboxReader } from './mailbox-reader.ts';

/**
 * Changes to the mailboxes of an account. Names are Unicode (NFC), levels separated by `/`; "Inbox" in any case is `Inbox` and is the
 * name of that mailbox.
 */
export class MailboxWriter {
  readonly #shared: SharedAccount;
  readonly #clock: Clock;

  constructor(opening: Pick<Opening, 'shared' | 'clock'>) {
    this.#shared = opening.shared;
    this.#clock = opening.clock;
  }

  async create(name: string, options: { specialUse?: readonly SpecialUse[] } = {}): Promise<Mailbox> {
    const normal = normaliseMailboxName(name);
    const id = await this.#shared.write('createMailbox', { name: normal, specialUse: options.specialUse ?? [] });
    const mailbox = await this.#shared.database.read((reader) => new MailboxReader(reader).byId(id));
    return mailbox!;
  }

  /** Renames with all below it. Renaming Inbox moves its messages to the new mailbox (RFC 9051 §6.3.6). */
  async rename(from: string, to: string): Promise<void> {
    const names = { from: normaliseMailboxName(from), to: normaliseMailboxName(to) };
    await this.#shared.write('renameMailbox', { ...names, now: this.#clock.now() });
  }

  /** @param options.ifEmpty leaves one that holds messages: MailboxNotEmptyError */
  async delete(name: string, { ifEmpty = false }: { ifEmpty?: boolean } = {}): Promise<void> {
    const erasable = await this.#shared.write('deleteMailbox', { name: normaliseMailboxName(name), ifEmpty });
    if (erasable > 0) this.#shared.eraser.schedule();
  }

  async setSubscribed(name: string, subscribed: boolean): Promise<void> {
    await this.#shared.write('setSubscribed', { name: normaliseMailboxName(name), subscribed });
  }

  async setSpecialUse(name: string, specialUse: readonly SpecialUse[]): Promise<void> {
    await this.#shared.write('setSpecialUse', { name: normaliseMailboxName(name), specialUse });
  }

  /** Gives a mailbox a new UIDVALIDITY, so that clients fetch it anew. */
  async bumpUidValidity(name: string): Promise<number> {
    return await this.#shared.write('bumpUidValidity', { name: normaliseMailboxName(name) });
  }

  /** The key of a mailbox's URLs; made of what is given when it has none. @throws MailboxNotFoundError */
  async makeUrlKey(mailboxId: number, key: Uint8Array): Promise<Uint8Array> {
    return await this.#shared.write('makeUrlKey', { mailboxId, key });
  }

  /** Makes all URLs of a mailbox void, or of all. */
  async removeUrlKeys(mailboxId: number | undefined): Promise<void> {
    await this.#shared.write('removeUrlKeys', { mailboxId });
  }
}
