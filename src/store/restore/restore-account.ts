import { addMissingMessages } from './add-missing-messages.ts';
import { changeMessages } from './change-messages.ts';
import { readLiveMessages } from './live-messages.ts';
import { makeTargets } from './make-targets.ts';
import { MessageMatcher } from './match-messages.ts';
import { finishMirror } from './mirror-account.ts';
import { planMailboxes } from './plan-mailboxes.ts';
import { NothingChosenError } from './restore-errors.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import type { RestorePlan } from './restore-plan.ts';
import { type RestoreSummary, RestoreTally } from './restore-tally.ts';
import { selectInstances, selectMailboxes, selectsMessages } from './select-messages.ts';

/** Up to so many messages chosen, their sizes tell most others apart without a look at their contents. */
const fewMessages = 10_000;

/*
 * Restoring into an account that is in use. What to do is found out from the backup and from the account as of one instant, then done
 * in small operations, each as durable as any other change: mailboxes first, then flags of messages that are there, then what is
 * missing, then moves; a mirror takes away what is too much last. So a crash at any point has lost nothing, and the same restore
 * again goes on where it ended: what was done is found to be there.
 *
 * The account changes meanwhile. Messages are added unless one with the same content has come into the mailbox since the instant;
 * all else names messages by UID, and passes over those that are gone.
 */

/**
 * Restores messages of a backup's account into an account.
 * @throws MailboxNotInBackupError, NothingChosenError before anything was changed; errors of the store and the signal's reason on the
 *   way: what was done stays
 */
export async function restoreAccount(options: RestoreAccountOptions): Promise<RestoreSummary> {
  const tally = new RestoreTally(options.onSkipped);
  const plan = await planRestore(options, tally);
  const ids = await makeTargets(options, plan, tally);
  if (!options.dryRun) await changeMessages.flags(options, plan);
  await addMissingMessages(options, plan, tally);
  await changeMessages.copies(options, plan, ids, tally);
  if (!options.dryRun) await changeMessages.moves(options, plan, ids);
  if (options.mode === 'mirror') await finishMirror(options, plan, tally);
  return tally.summary();
}

async function planRestore(options: RestoreAccountOptions, tally: RestoreTally): Promise<RestorePlan> {
  const { source, selection, into } = options;
  const backup = await source.stored.mailboxes();
  const wanted = await selectMailboxes(source, selection.mailbox);
  const chosen = selectsMessages(selection) ? await chooseMessages(options, tally) : undefined;
  const sizes = chosen !== undefined && chosen.messages <= fewMessages ? chosen.sizes : undefined;
  const live = await readLiveMessages(options, sizes, into);
  const sameAccount = (await source.stored.account()).createdAt === live.createdAt;
  const mailboxes = planMailboxes(options, backup, wanted, live.mailboxes, chosen?.uids, sameAccount);
  const matcher = new MessageMatcher(options, live, mailboxes, tally);
  await matcher.run(sizes);
  return { ...mailboxes, live, sameAccount, missing: matcher.missing, changes: matcher.changes };
}

interface ChosenMessages {
  /** By mailbox of the backup, ascending. */
  readonly uids: Map<number, number[]>;
  readonly sizes: Set<number>;
  messages: number;
}

/** @throws NothingChosenError */
async function chooseMessages(
  { source, selection, signal, onProgress }: RestoreAccountOptions,
  tally: RestoreTally,
): Promise<ChosenMessages> {
  const chosen: ChosenMessages = { uids: new Map(), sizes: new Set(), messages: 0 };
  const onUnreadable = (mailbox: string, uid: number, error: Error): void => {
    tally.skip({ reason: 'damaged', mailbox, uid, detail: `its text can't be searched: ${error.message}` });
  };
  let done = 0;
  for await (const { mailbox, instances, lookedAt } of selectInstances(source, selection, { signal, onUnreadable })) {
    const uids = chosen.uids.get(mailbox.id) ?? [];
    for (const { uid, sizeBytes } of instances) {
      uids.push(uid);
      chosen.sizes.add(sizeBytes);
    }
    if (uids.length > 0) chosen.uids.set(mailbox.id, uids);
    chosen.messages += instances.length;
    done += lookedAt;
    onProgress({ step: 'choose', done });
  }
  if (chosen.messages === 0 && tally.summary().skipped === 0) throw new NothingChosenError();
  return chosen;
}
