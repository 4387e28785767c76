import type { AccountDatabaseReader } from '../account-database.ts';
import type { Mailbox } from '../mailboxes/mailbox.ts';
import type { MailboxReader } from '../mailboxes/mailbox-reader.ts';
import type { ArrivedMove } from '../operations/add-messages.ts';
import { type AclEntry, anyone, effectiveRights, type MailUser, type Rights } from './rights.ts';

/** What an account shares with others, and moves of messages between them. */
export class SharingReader {
  readonly #reader: AccountDatabaseReader;
  readonly #mailboxes: MailboxReader;

  constructor(reader: AccountDatabaseReader, mailboxes: MailboxReader) {
    this.#reader = reader;
    this.#mailboxes = mailboxes;
  }

  /** What others may do with a mailbox, by identifier. */
  async acl(mailboxId: number): Promise<AclEntry[]> {
    return await this.#reader.all(
      'SELECT identifier, account_created_at AS accountCreatedAt, rights FROM acl WHERE mailbox_id = ? ORDER BY identifier',
      [mailboxId],
    );
  }

  /** Mailboxes that a user has some right to, by name, and these rights. */
  async mailboxesFor(user: MailUser): Promise<{ mailbox: Mailbox; rights: Rights }[]> {
    const rows = await this.#reader.all<AclEntry & { mailboxId: number }>(
      `SELECT mailbox_id AS mailboxId, identifier, account_created_at AS accountCreatedAt, rights FROM acl
       WHERE ltrim(identifier, '-') IN (?, ?)`,
      [user.name, anyone],
    );
    if (rows.length === 0) return [];
    const byMailbox = Map.groupBy(rows, ({ mailboxId }) => mailboxId);
    const shared: { mailbox: Mailbox; rights: Rights }[] = [];
    for (const mailbox of await this.#mailboxes.all()) {
      const rights = effectiveRights(byMailbox.get(mailbox.id) ?? [], user);
      if (rights !== '') shared.push({ mailbox, rights });
    }
    return shared;
  }

  /** A move into this account that was remembered with its messages. */
  async arrivedMove(id: Uint8Array): Promise<ArrivedMove | undefined> {
    const row = await this.#reader.first<
      Pick<ArrivedMove, 'account' | 'mailboxId' | 'targetMailboxId'> & { uids: string; targetUids: string }
    >(
      `SELECT account, from_mailbox_id AS mailboxId, from_uids AS uids, mailbox_id AS targetMailboxId, uids AS targetUids
       FROM arrived_moves WHERE id = ?`,
      [id],
    );
    if (row === undefined) return undefined;
    const [uids, targetUids] = [row.uids, row.targetUids].map((text) => JSON.parse(text) as number[]);
    return { ...row, id, uids: uids!, targetUids: targetUids! };
  }
}
