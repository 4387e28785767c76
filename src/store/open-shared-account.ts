import { join } from 'node:path';
import type { DatabaseEngine } from '../database/engine.ts';
import { makeDirectoryDurably } from '../runtime/durable-file.ts';
import type { Log } from '../runtime/log.ts';
import { accountDatabaseKind } from './account-database.ts';
import { removeLeftovers } from './content-ids.ts';
import { normaliseMailboxName } from './mailbox-name.ts';
import type { SpecialUse } from './mailboxes/mailbox.ts';
import { MessageFiles } from './message-files.ts';
import { directorySyncer, SharedAccount } from './shared-account.ts';
import type { SharingIndex } from './sharing/sharing-index.ts';

export interface OpenSharedAccountOptions {
  readonly engine: DatabaseEngine;
  /** Of the account. */
  readonly directory: string;
  /** Of an account that is made. */
  readonly defaultMailboxes: readonly { readonly name: string; readonly specialUse?: readonly SpecialUse[] }[];
  readonly uidValidityFloor: number;
  readonly now: () => number;
  readonly sharing: SharingIndex;
  readonly checkWhenClosed: boolean;
  readonly log: Log;
  readonly textIndex: ConstructorParameters<typeof SharedAccount>[0]['textIndex'];
  readonly onChange: () => void;
}

/** Opens an account's database, makes what is not there yet, and clears up what a crash has left. */
export async function openSharedAccount(name: string, options: OpenSharedAccountOptions): Promise<SharedAccount> {
  const { engine, directory, sharing, checkWhenClosed, log, textIndex, onChange } = options;
  await makeDirectoryDurably(join(directory, 'msg'));
  const database = await engine.open(accountDatabaseKind, join(directory, 'index.db'));
  try {
    const files = new MessageFiles(directory, directorySyncer);
    const state = await database.read((reader) =>
      reader.first<{ erasable: number | null; shared: string }>(
        `SELECT (SELECT 1 FROM erase) AS erasable,
         (SELECT json_group_array(DISTINCT identifier) FROM acl WHERE identifier NOT LIKE '-%') AS shared FROM account`,
      ),
    );
    if (state === undefined) {
      const mailboxes = options.defaultMailboxes.map((mailbox) => ({
        ...mailbox,
        name: normaliseMailboxName(mailbox.name),
      }));
      await database.write('initialiseAccount', {
        now: options.now(),
        uidValidity: options.uidValidityFloor,
        mailboxes,
      });
    }
    const sharedWith = JSON.parse(state?.shared ?? '[]') as string[];
    if (sharedWith.length > 0) await sharing.note(name, sharedWith);
    await removeLeftovers(database, files);
    const mayErase = (): boolean => engine.filesMayBeErased;
    const shared = new SharedAccount({
      ...{ name, directory, database, files, mayErase, checkWhenClosed, log, onChange, textIndex },
    });
    if (state?.erasable === 1) shared.eraser.schedule();
    shared.textIndex?.schedule();
    return shared;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}
