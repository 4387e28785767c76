import { normaliseMailboxName, parentMailboxName } from '../mailbox-name.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import type { SourceMailbox, TargetMailbox } from './restore-plan.ts';
import type { StoredMailbox } from './stored-rows.ts';

/**
 * Says for each mailbox of the backup which live mailbox it is: the one of its name; else, in the same account, the one that it has been
 * renamed to, unless that put it in the trash.
 * @param chosen UIDs by mailbox of the backup; undefined: all of those that are wanted
 */
export function planMailboxes(
  options: Pick<RestoreAccountOptions, 'mode' | 'into'>,
  backup: readonly StoredMailbox[],
  wanted: readonly StoredMailbox[],
  live: readonly StoredMailbox[],
  chosen: ReadonlyMap<number, readonly number[]> | undefined,
  sameAccount: boolean,
): { targets: TargetMailbox[]; sources: SourceMailbox[] } {
  const wantedIds = new Set(wanted.map(({ id }) => id));
  const chosenOf = (mailbox: StoredMailbox): SourceMailbox['chosen'] => {
    if (chosen !== undefined) return chosen.get(mailbox.id);
    return wantedIds.has(mailbox.id) ? 'all' : undefined;
  };
  const byName = new Map(live.map((mailbox) => [mailbox.name, mailbox]));
  if (options.into !== undefined) {
    const name = normaliseMailboxName(options.into);
    const liveId = byName.get(name)?.id;
    return {
      targets: [{ name, liveId, renamedFrom: undefined, source: undefined, isWanted: false }],
      sources: backup.map((mailbox) => ({ mailbox, target: 0, chosen: chosenOf(mailbox) })),
    };
  }
  const taken = new Set(backup.flatMap(({ name }) => byName.get(name)?.id ?? []));
  const isTrash = trashTest(live);
  const wasTrash = trashTest(backup);
  const targetNames = new Map<string, string>();
  const targetOf = (source: StoredMailbox): TargetMailbox => {
    const isWanted = chosen === undefined && wantedIds.has(source.id);
    const named = byName.get(source.name);
    const plain = { name: source.name, liveId: named?.id, renamedFrom: undefined, source, isWanted };
    if (named !== undefined || !sameAccount) return plain;
    const renamed = live.find(({ id, createSeq }) => id === source.id && createSeq === source.createSeq);
    if (renamed !== undefined && !taken.has(renamed.id)) {
      if (options.mode === 'mirror') return { ...plain, liveId: renamed.id, renamedFrom: renamed.name };
      if (!isTrash(renamed.name) || wasTrash(source.name)) return { ...plain, name: renamed.name, liveId: renamed.id };
    }
    if (options.mode === 'mirror') return plain;
    // The mailbox above may have another name now.
    const parent = parentMailboxName(source.name);
    const above = parent === undefined ? undefined : targetNames.get(parent);
    const name = above === undefined ? source.name : `${above}${source.name.slice(parent!.length)}`;
    return { ...plain, name, liveId: byName.get(name)?.id };
  };
  const targets = backup.map((source) => {
    const target = targetOf(source);
    targetNames.set(source.name, target.name);
    return target;
  });
  return { targets, sources: backup.map((mailbox, target) => ({ mailbox, target, chosen: chosenOf(mailbox) })) };
}

/** @returns whether a mailbox is the trash, or below it: what mail programs make of a folder that somebody deletes */
export function trashTest(mailboxes: readonly StoredMailbox[]): (name: string) => boolean {
  const trash = mailboxes.find(({ specialUse }) => specialUse.includes('\\Trash'))?.name;
  return (name) => trash !== undefined && (name === trash || name.startsWith(`${trash}/`));
}
