import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import type { Rights } from '../store/sharing/rights.ts';
import { nameOfOthers, openOthers, othersRoot } from './mailbox-place.ts';
import type { Session } from './session.ts';

/** A mailbox of another account, as a user sees it. */
export interface SharedMailbox {
  /** The account that it is in. */
  readonly owner: string;
  /** As this user knows it. */
  readonly name: string;
  readonly mailbox: Mailbox;
  readonly rights: Rights;
}

/** Mailboxes of others that a user may look up (RFC 4314 §4), by account. */
export async function sharedMailboxes(session: Session): Promise<SharedMailbox[]> {
  const user = await session.user();
  const shared: SharedMailbox[] = [];
  for (const owner of await session.server.accounts.sharingWith(user.name)) {
    await using account = await openOthers(session, owner);
    if (account === undefined) continue;
    for (const { mailbox, rights } of await account.read((reader) => reader.sharing.mailboxesFor(user))) {
      if (!rights.includes('l')) continue;
      // What a mailbox is for (\Sent, \Trash) its owner's mail programs are told, and must not be what this user's ones use.
      shared.push({ owner, name: nameOfOthers(owner, mailbox.name), mailbox: { ...mailbox, specialUse: [] }, rights });
    }
  }
  return shared;
}

/** Whether a pattern of LIST or LSUB may stand for a name of another's mailbox: most of what clients ask for may not. */
export function mayMatchOthers(pattern: string): boolean {
  const fixed = pattern.replace(/[*%].*$/s, '');
  return fixed.length < othersRoot.length ? othersRoot.startsWith(fixed) : fixed.startsWith(othersRoot);
}
