import { parentMailboxName } from '../mailbox-name.ts';
import { MailboxHasChildrenError, MailboxNotEmptyError, MailboxNotFoundError } from '../store-errors.ts';
import { changeMessages } from './change-messages.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { RestoreTally } from './restore-tally.ts';
import type { StoredMailbox } from './stored-rows.ts';

const uidsAtOnce = 1_000;

/**
 * The end of a mirror: takes away what the backup doesn't have, as far as it was there when the restore began. What came since stays,
 * with its mailbox. Inbox and mailboxes with a special use stay in any case.
 */
export async function finishMirror(
  options: RestoreAccountOptions,
  plan: RestorePlan,
  tally: RestoreTally,
): Promise<void> {
  const { live, targets } = plan;
  const isWhole = options.selection.mailbox === undefined;
  const scope = isWhole
    ? live.mailboxes
    : live.mailboxes.filter(({ id }) => targets.some(({ liveId, isWanted }) => isWanted && liveId === id));
  for (const mailbox of scope) await expungeOthers(options, plan, mailbox, tally);
  const wanted = targets.filter(({ isWanted }) => isWanted);
  if (!options.dryRun)
    await restoreProperties(
      options,
      wanted.map(({ source }) => source!),
    );
  if (!isWhole) return;
  await deleteOthers(options, plan, tally);
  if (!options.dryRun) await restoreSubscriptions(options);
}

/** Messages that are in no backup. */
async function expungeOthers(
  options: RestoreAccountOptions,
  { live, targets }: RestorePlan,
  { id, name }: StoredMailbox,
  tally: RestoreTally,
): Promise<void> {
  const named = targets.find(({ liveId }) => liveId === id)?.name ?? name;
  for (const uids of live.instances.untaken(id, uidsAtOnce)) {
    options.signal.throwIfAborted();
    if (!options.dryRun) await changeMessages.expunge(options, id, uids);
    tally.count(named, 'removed', uids.length);
    options.onProgress({ step: 'remove', done: uids.length });
  }
}

/** Special uses and annotations. */
async function restoreProperties(options: RestoreAccountOptions, mailboxes: readonly StoredMailbox[]): Promise<void> {
  const { account, source } = options;
  for (const { id, name, specialUse } of mailboxes) {
    const mailbox = await account.read((reader) => reader.mailboxes.named(name));
    if (mailbox === undefined) continue;
    try {
      if (mailbox.specialUse.join() !== specialUse.join()) await account.mailboxes.setSpecialUse(name, specialUse);
      await restoreAnnotations(options, mailbox.id, await source.reader.annotations.of(id));
    } catch (error) {
      // Deleted meanwhile.
      if (!(error instanceof MailboxNotFoundError)) throw error;
    }
  }
  if (options.selection.mailbox === undefined) {
    await restoreAnnotations(options, undefined, await source.reader.annotations.of(undefined));
  }
}

async function restoreAnnotations(
  { account }: RestoreAccountOptions,
  mailboxId: number | undefined,
  wanted: readonly { key: string; value: Uint8Array }[],
): Promise<void> {
  const found = await account.read((reader) => reader.annotations.of(mailboxId));
  const removed = found.filter(({ key }) => !wanted.some((each) => each.key === key));
  const set = wanted.filter(({ key, value }) => {
    const now = found.find((each) => each.key === key);
    return now === undefined || !Buffer.from(now.value).equals(value);
  });
  if (removed.length + set.length === 0) return;
  await account.annotations.set(mailboxId, [...removed.map(({ key }) => ({ key, value: undefined })), ...set]);
}

async function deleteOthers(
  options: RestoreAccountOptions,
  { live, targets }: RestorePlan,
  tally: RestoreTally,
): Promise<void> {
  const inBackup = new Set(targets.map(({ liveId }) => liveId));
  const keptUses = new Set(targets.flatMap(({ source }) => source?.specialUse ?? []));
  /** Names of mailboxes that are above one that stays. */
  const above = new Set<string>();
  // Those below come first.
  for (const { id, name, specialUse } of live.mailboxes.toReversed()) {
    const hasUse = specialUse.some((use) => !keptUses.has(use));
    // Those above it are in the backup too, though it may still have another name here.
    if (inBackup.has(id)) continue;
    const stays = name === 'Inbox' || hasUse || above.has(name);
    if (stays || !(await deleteOther(options, id, name, tally))) above.add(parentMailboxName(name) ?? '');
  }
}

/** @returns whether it is gone */
async function deleteOther(
  options: RestoreAccountOptions,
  id: number,
  name: string,
  tally: RestoreTally,
): Promise<boolean> {
  const { account, dryRun } = options;
  if (!dryRun) {
    const now = await account.read((reader) => reader.mailboxes.byId(id));
    // Deleted meanwhile.
    if (now === undefined) return true;
    try {
      await account.mailboxes.delete(now.name, { ifEmpty: true });
    } catch (error) {
      // One below it was made meanwhile.
      if (error instanceof MailboxHasChildrenError) return false;
      // Deleted or renamed since it was looked for.
      if (error instanceof MailboxNotFoundError) return deleteOther(options, id, name, tally);
      if (!(error instanceof MailboxNotEmptyError)) throw error;
      const detail = 'it is not in the backup, and stays for the mail that has come since the restore began';
      tally.skip({ reason: 'new-mail', mailbox: now.name, detail });
      return false;
    }
  }
  tally.mailbox(name, 'deleted');
  return true;
}

async function restoreSubscriptions({ account, source }: RestoreAccountOptions): Promise<void> {
  const wanted = new Set(await source.reader.mailboxes.subscriptions());
  const found = new Set(await account.read((reader) => reader.mailboxes.subscriptions()));
  for (const name of found) if (!wanted.has(name)) await account.mailboxes.setSubscribed(name, false);
  for (const name of wanted) if (!found.has(name)) await account.mailboxes.setSubscribed(name, true);
}
