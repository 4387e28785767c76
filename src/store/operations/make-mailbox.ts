import { limits } from '../../runtime/limits.ts';
import { parentMailboxName } from '../mailbox-name.ts';
import { StoreLimitError } from '../store-errors.ts';
import type { AccountChange, AccountTransactor, MailboxRecord } from './account-change.ts';

/**
 * Inserts a mailbox that does not exist, and those above it that don't.
 * @param name normalised
 * @param options.private nobody but the owner has rights to it; else it is shared as the one above it is (RFC 4314 §4)
 */
export async function makeMailbox(
  change: AccountChange,
  name: string,
  options: { specialUse?: string | undefined; private?: boolean } = {},
): Promise<MailboxRecord> {
  const { specialUse = '' } = options;
  const { transactor } = change;
  await checkMailboxCount(transactor, name);
  const parentName = parentMailboxName(name);
  let parent: MailboxRecord | undefined;
  if (parentName !== undefined) {
    parent =
      (await change.findMailbox(parentName)) ??
      (await makeMailbox(change, parentName, { private: options.private === true }));
  }
  const uidValidity = change.takeUidValidity();
  const { lastInsertId } = await transactor.run(
    `INSERT INTO mailboxes (parent_id, name, uid_validity, uid_next, special_use, keywords, modseq, create_seq, expunged,
     messages, unseen, deleted, size) VALUES (?, ?, ?, 1, ?, '[]', ?, ?, 0, 0, 0, 0, 0)`,
    [parent?.id ?? null, name, uidValidity, specialUse, change.modseq, change.modseq],
  );
  const mailbox: MailboxRecord = {
    id: lastInsertId,
    parent_id: parent?.id ?? null,
    name,
    uid_validity: uidValidity,
    uid_next: 1,
    special_use: specialUse,
    keywords: '[]',
    modseq: change.modseq,
    create_seq: change.modseq,
    messages: 0,
    unseen: 0,
    deleted: 0,
    size: 0,
  };
  change.adopt(mailbox);
  await recordName(change, mailbox);
  if (parent !== undefined && options.private !== true) {
    await transactor.run(
      `INSERT INTO acl (mailbox_id, identifier, account_created_at, rights)
       SELECT ?, identifier, account_created_at, rights FROM acl WHERE mailbox_id = ?`,
      [mailbox.id, parent.id],
    );
  }
  return mailbox;
}

/** @throws StoreLimitError when there may be no more mailboxes */
export async function checkMailboxCount(transactor: AccountTransactor, name: string): Promise<void> {
  const live = await transactor.first<{ count: number }>('SELECT count(*) AS count FROM mailboxes WHERE expunged = 0');
  if (live!.count >= limits.mailboxesPerAccount) {
    throw new StoreLimitError(`create mailbox "${name}"`, 'mailboxesPerAccount', limits.mailboxesPerAccount);
  }
}

/** Remembers with which UIDVALIDITY a name has been seen. */
export async function recordName(change: AccountChange, mailbox: MailboxRecord): Promise<void> {
  await change.transactor.run(
    `INSERT INTO mailbox_names (name, uid_validity) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET uid_validity = max(uid_validity, excluded.uid_validity)`,
    [mailbox.name, mailbox.uid_validity],
  );
}
