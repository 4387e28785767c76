import { join } from 'node:path';
import { NotABackupError } from '../../backup/backup-errors.ts';
import { type ManifestCounts, type ManifestHead, manifestName, readManifest } from '../../backup/manifest.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { type AccountAtRest, listAccountsAtRest, openAccountAtRest } from '../../store/account-at-rest.ts';
import { flagNames } from '../../store/flags.ts';

/** A backup that somebody looks into. Nothing of it is changed. */
export interface OpenBackup {
  readonly directory: string;
  readonly head: ManifestHead;
  readonly complete: boolean;
  /** As the manifest counts them; those of format 1 have none. */
  readonly counts: ReadonlyMap<string, ManifestCounts>;
  readonly accounts: readonly string[];
  /** Where `restante.yaml` is. */
  readonly configDirectory: string;
  /** @throws RestanteError `account-not-in-backup` */
  openAccount(name: string): Promise<AccountAtRest>;
}

/** @throws NotABackupError */
export async function openBackup(directory: string): Promise<OpenBackup> {
  let head: ManifestHead | undefined;
  let complete = false;
  const counts = new Map<string, ManifestCounts>();
  for await (const line of readManifest(directory, join(directory, manifestName))) {
    if ('head' in line) head = line.head;
    if ('counts' in line) counts.set(line.counts.counts, line.counts);
    if ('tail' in line) complete = line.tail.complete;
  }
  if (head === undefined) throw new NotABackupError(directory, 'its manifest has no head');
  const data = join(directory, 'data');
  const accounts = await listAccountsAtRest(data);
  return {
    directory,
    head,
    complete,
    counts,
    accounts,
    configDirectory: join(directory, 'config'),
    async openAccount(name) {
      if (accounts.includes(name)) return await openAccountAtRest(data, name);
      throw new RestanteError('account-not-in-backup', `Cannot find account "${name}" in the backup "${directory}"`, {
        hint: accounts.length === 0 ? 'It holds no accounts.' : `It holds: ${accounts.slice(0, 50).join(', ')}.`,
      });
    },
  };
}

export type { KeptMessage } from '../../store/account-at-rest.ts';
export { type MessageSelection, selectMessages } from '../../store/restore/select-messages.ts';

/** Names of system flags and keywords. */
export function messageFlags({ flagBits, keywords }: { flagBits: number; keywords: readonly string[] }): string[] {
  return [...flagNames(flagBits), ...keywords];
}
