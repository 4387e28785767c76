import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { MessageChange } from '../store/messages/change-reader.ts';
import { allRights } from '../store/sharing/rights.ts';
import { MailboxFlags } from './mailbox-flags.ts';
import type { MailboxMemory } from './mailbox-memory.ts';
import { checkRights, type MailboxPlace } from './mailbox-place.ts';
import { SelectedMailbox } from './selected-mailbox.ts';
import { UidList } from './uid-list.ts';

/** State of a mailbox when it was selected. */
export interface Selection {
  readonly mailbox: Mailbox;
  readonly selected: SelectedMailbox;
  readonly firstUnseen: number;
  /** Since the MODSEQ asked for. */
  readonly changes: readonly MessageChange[];
  /** Whether those are all; after a restore older ones are not known. */
  readonly changesComplete: boolean;
}

/**
 * Reads a mailbox for a client that selects it.
 * @param place taken over when a mailbox was opened
 * @param since asks for the changes after this MODSEQ too
 * @returns undefined when there is no such mailbox
 * @throws RefusedError when the client may not read it
 */
export async function openSelected(
  place: MailboxPlace,
  options: { readOnly: boolean; since: number | undefined; memory: MailboxMemory },
): Promise<Selection | undefined> {
  const { account, name, access } = place;
  // Held before it is read, so that no file goes between the two.
  const hold = account.holdExpunged(await account.read((reader) => reader.modseq()));
  try {
    const opened = await account.read(async (reader) => {
      const mailbox = await reader.mailboxes.named(name);
      if (mailbox === undefined) return undefined;
      const rights = (await access?.rights(reader, mailbox.id)) ?? allRights;
      checkRights(rights, 'r');
      const modseq = await reader.modseq();
      const flags = await MailboxFlags.read(options.memory, account, mailbox, reader);
      const uids = new UidList(flags.uids.memory, flags.uids.count);
      const { since } = options;
      const changes = since === undefined ? [] : await reader.changes.since(mailbox.id, since);
      const changesComplete = since === undefined || since >= (await reader.changes.knownSince());
      const firstUnseen = mailbox.unseen > 0 ? flags.firstUnseen + 1 : 0;
      return { mailbox, rights, uids, modseq, changes, changesComplete, firstUnseen };
    });
    if (opened === undefined) {
      hold[Symbol.dispose]();
      return undefined;
    }
    const { mailbox, changes, changesComplete, firstUnseen } = opened;
    const selected = new SelectedMailbox(place, mailbox, options.readOnly, {
      ...opened,
      hold,
      memory: options.memory,
    });
    return { mailbox, selected, changes, changesComplete, firstUnseen };
  } catch (error) {
    hold[Symbol.dispose]();
    throw error;
  }
}
