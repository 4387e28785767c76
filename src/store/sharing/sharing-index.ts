import { join } from 'node:path';
import type { Database, DatabaseEngine } from '../../database/engine.ts';
import { limits } from '../../runtime/limits.ts';
import { anyone } from './rights.ts';
import { sharingDatabase, sharingDatabasePath } from './sharing-database.ts';
import type { operations } from './sharing-operations.ts';

/*
 * What concerns several accounts: which of them may share mailboxes with whom, and which moves between two are under way.
 *
 * On disk, below the data directory: `sharing.db`. Access control lists are in the database of the account whose mailboxes they are about;
 * here is only where to look. An account is noted before its list changes, and stays noted when nothing is shared any more: a name too
 * many costs a look, one too few would hide a mailbox. An account that has lists notes itself whenever it is opened.
 *
 * A move that a crash has interrupted is finished at the next start: see `transfer-messages.ts`.
 */
export class SharingIndex implements AsyncDisposable {
  readonly #database: Database<unknown, typeof operations>;

  private constructor(database: Database<unknown, typeof operations>) {
    this.#database = database;
  }

  static async open(engine: DatabaseEngine, dataDirectory: string): Promise<SharingIndex> {
    return new SharingIndex(await engine.open(sharingDatabase, join(dataDirectory, sharingDatabasePath)));
  }

  /** Durable when the promise resolves. Nothing is written when all is known. */
  async note(owner: string, identifiers: readonly string[]): Promise<void> {
    const known = await this.#database.read((reader) =>
      reader.all<{ identifier: string }>(
        'SELECT identifier FROM json_each(?) CROSS JOIN shares WHERE identifier = value AND owner = ?',
        [JSON.stringify(identifiers), owner],
      ),
    );
    const missing = new Set(identifiers).difference(new Set(known.map(({ identifier }) => identifier)));
    if (missing.size > 0) await this.#database.write('noteShares', { owner, identifiers: [...missing] });
  }

  async forgetOwner(owner: string): Promise<void> {
    await this.#database.write('forgetShares', { owner });
  }

  /** Accounts that may share something with a user, by name, at most `limits.sharingAccounts`. */
  async ownersFor(user: string): Promise<string[]> {
    const rows = await this.#database.read((reader) =>
      reader.all<{ owner: string }>(
        'SELECT DISTINCT owner FROM shares WHERE identifier IN (?, ?) AND owner <> ? ORDER BY owner LIMIT ?',
        [user, anyone, user, limits.sharingAccounts],
      ),
    );
    return rows.map(({ owner }) => owner);
  }

  async beginMove(id: Uint8Array, target: string): Promise<void> {
    await this.#database.write('beginMove', { id, target });
  }

  async endMove(id: Uint8Array): Promise<void> {
    await this.#database.write('endMove', { id });
  }

  async moves(): Promise<{ id: Uint8Array; target: string }[]> {
    return await this.#database.read((reader) => reader.all('SELECT id, target FROM moves ORDER BY id'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }
}
