import type { AccountDatabaseReader } from '../account-database.ts';

export interface Annotation {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface ChangedAnnotation {
  readonly mailbox: string | undefined;
  readonly key: string;
  readonly modseq: number;
}

/** Annotations of an account and its mailboxes: RFC 5464. */
export class AnnotationReader {
  readonly #reader: AccountDatabaseReader;

  constructor(reader: AccountDatabaseReader) {
    this.#reader = reader;
  }

  async of(mailboxId: number | undefined): Promise<{ key: string; value: Uint8Array }[]> {
    return await this.#reader.all('SELECT key, value FROM annotations WHERE mailbox_id = ? ORDER BY key', [
      mailboxId ?? 0,
    ]);
  }

  /** Annotations set or taken away after a MODSEQ, but those of mailboxes that are deleted; `mailbox` is a name, undefined of the account. */
  async changedSince(modseq: number): Promise<ChangedAnnotation[]> {
    const rows = await this.#reader.all<{ mailboxId: number; mailbox: string | null; key: string; modseq: number }>(
      `SELECT mailbox_id AS mailboxId, mailboxes.name AS mailbox, key, changed.modseq FROM (
         SELECT mailbox_id, key, modseq FROM annotations WHERE modseq > ?
         UNION ALL SELECT mailbox_id, key, modseq FROM annotation_removals WHERE modseq > ?) AS changed
       LEFT JOIN mailboxes ON mailboxes.id = mailbox_id AND mailboxes.expunged = 0 ORDER BY mailbox_id, key`,
      [modseq, modseq],
    );
    return rows
      .filter(({ mailboxId, mailbox }) => mailboxId === 0 || mailbox !== null)
      .map(({ mailbox, key, modseq: changed }) => ({ mailbox: mailbox ?? undefined, key, modseq: changed }));
  }
}
