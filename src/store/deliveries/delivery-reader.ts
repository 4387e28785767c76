import type { AccountDatabaseReader } from '../account-database.ts';
import { describeContent } from '../content-facts.ts';
import { type ContentOrigin, type OriginRow, originColumns, toOrigin } from '../content-origin.ts';
import type { ReceivedFile } from '../messages/received-file.ts';
import { splitAddress } from '../split-address.ts';

/** Looks among what was refused only: `contents_rejects` has nothing else. */
export const rejectsLikeSql = `SELECT uid FROM contents CROSS JOIN messages ON messages.content_id = contents.id AND messages.expunged = 0
  WHERE is_reject = 1 AND message_id_hash IS ? AND sha256 = coalesce(?, sha256) AND mailbox_id = ? ORDER BY uid`;

/** Refused messages that are removed in one step. */
const rejectsAtOnce = 1_000;

/** What an account remembers of mail that came in and whom its user writes to: decisions on incoming mail ask for it. */
export class DeliveryReader {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  /** What is kept of where the contents came from, of those that another server has brought. */
  async originsOf(contentIds: readonly number[]): Promise<ContentOrigin[]> {
    const rows = await this.#reader.all<OriginRow>(
      `SELECT ${originColumns} FROM json_each(?) CROSS JOIN contents ON contents.id = value
       WHERE remote_address IS NOT NULL`,
      [JSON.stringify(contentIds)],
    );
    return rows.map(toOrigin);
  }

  /** Messages kept as refused in a mailbox that are the same as this one: by Message-ID, and without one by their bytes. */
  async rejectsLike(mailboxId: number, file: Pick<ReceivedFile, 'structure' | 'sha256'>): Promise<number[]> {
    const { messageIdHash } = describeContent(file.structure, new Uint8Array(0));
    const rows = await this.#reader.all<{ uid: number }>(rejectsLikeSql, [
      messageIdHash,
      messageIdHash === null ? file.sha256 : null,
      mailboxId,
    ]);
    return rows.map(({ uid }) => uid);
  }

  /** Those kept as refused in a mailbox that are not among the latest, so many and so large, or were saved earlier. When many, some of them. */
  async rejectsBeyond(
    mailboxId: number,
    most: { messages: number; bytes: number; savedSince: number },
  ): Promise<number[]> {
    const rows = await this.#reader.all<{ uid: number; savedAt: number; size: number }>(
      `SELECT uid, saved_at AS savedAt, size FROM messages CROSS JOIN contents ON contents.id = content_id
       WHERE mailbox_id = ? AND expunged = 0 AND is_reject = 1 ORDER BY uid DESC LIMIT ?`,
      [mailboxId, most.messages + rejectsAtOnce],
    );
    let bytes = 0;
    const beyond = rows.filter(({ savedAt, size }, at) => {
      bytes += size;
      return at >= most.messages || bytes > most.bytes || savedAt < most.savedSince;
    });
    return beyond.map(({ uid }) => uid);
  }

  /** Whether the user has written to an address, in lower case with A-labels: see `noteRecipients`. */
  async hasWrittenTo(address: string): Promise<boolean> {
    const { localpart, domain } = splitAddress(address);
    const found = await this.#reader.first('SELECT 1 FROM recipients WHERE domain = ? AND localpart = ?', [
      domain,
      localpart,
    ]);
    return found !== undefined;
  }
}
