import type { RestoreAccountOptions } from './restore-options.ts';
import type { RestorePlan, TargetMailbox } from './restore-plan.ts';
import type { RestoreTally } from './restore-tally.ts';

/**
 * Makes the mailboxes that are missing, and gives back their names to those that a mirror wants so.
 * @returns ids of live mailboxes by target; of those that a dry run would make, none
 */
export async function makeTargets(
  options: RestoreAccountOptions,
  plan: RestorePlan,
  tally: RestoreTally,
): Promise<Map<number, number>> {
  const needed = neededTargets(plan);
  const ids = new Map<number, number>();
  for (const [at, target] of plan.targets.entries()) {
    if (target.liveId !== undefined) ids.set(at, target.liveId);
    if (!target.isWanted && !needed.has(at)) continue;
    options.signal.throwIfAborted();
    if (target.liveId === undefined) {
      const made = await makeTarget(options, target);
      if (made.id !== undefined) ids.set(at, made.id);
      if (made.outcome !== 'present') tally.mailbox(target.name, made.outcome);
    } else if (target.renamedFrom !== undefined) {
      if (!options.dryRun) await giveBackName(options, target.liveId, target.name);
      tally.mailbox(target.name, 'renamed');
    }
  }
  return ids;
}

/** Those that messages go into. */
function neededTargets({ missing, changes, sources }: RestorePlan): Set<number> {
  const needed = new Set([...changes.moves, ...changes.copies].map(({ target }) => target));
  for (let at = 0; at < missing.size; at++) {
    if (!missing.isTaken(at)) needed.add(sources[missing.mailboxOf(at)]!.target);
  }
  return needed;
}

/** @returns without id in a dry run */
async function makeTarget(
  { source, account, dryRun }: RestoreAccountOptions,
  { name, source: was }: TargetMailbox,
): Promise<{ id?: number; outcome: 'present' | 'revived' | 'created' }> {
  if (dryRun) {
    const canRevive = await account.read(({ stored }) => stored.hasDeletedMailbox(name));
    return { outcome: canRevive ? 'revived' : 'created' };
  }
  return await account.restoring.restoreMailbox({
    name,
    specialUse: was?.specialUse ?? [],
    // A mailbox that somebody asked for just now is shown by mail programs that show subscribed ones only.
    subscribed: was?.subscribed ?? true,
    annotations: was === undefined ? [] : await source.reader.annotations.of(was.id),
  });
}

/** The name that it has may have changed with that of a mailbox above. */
async function giveBackName({ account }: RestoreAccountOptions, id: number, name: string): Promise<void> {
  const mailbox = await account.read((reader) => reader.mailboxes.byId(id));
  if (mailbox !== undefined && mailbox.name !== name) await account.mailboxes.rename(mailbox.name, name);
}
