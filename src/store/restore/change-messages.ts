import { MailboxNotFoundError, OverQuotaError } from '../store-errors.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { RestoreTally } from './restore-tally.ts';

/** Messages that one operation changes. */
const uidsAtOnce = 1_000;

/** Changes of messages that are there. Those that are gone by now, or whose mailbox is, are passed over. */
export const changeMessages = {
  async flags(options: RestoreAccountOptions, { changes }: RestorePlan): Promise<void> {
    const total = changes.flags.reduce((sum, { uids }) => sum + uids.length, 0);
    let done = 0;
    for (const { mailboxId, mode, bits, keywords, uids } of changes.flags) {
      await inSteps(options, uids, async (some) => {
        await options.account.messages.storeFlags(mailboxId, some, { mode, flags: { bits, keywords } });
        done += some.length;
        options.onProgress({ step: 'change', done, total });
      });
    }
  },

  /** @param ids of the live mailboxes, by target */
  async moves(
    options: RestoreAccountOptions,
    { changes }: RestorePlan,
    ids: ReadonlyMap<number, number>,
  ): Promise<void> {
    for (const { mailboxId, target, uids } of changes.moves) {
      await inSteps(options, uids, async (some) => {
        await options.account.messages.move(mailboxId, some, ids.get(target)!);
      });
    }
  },

  /** Copies are counted here: the account may have no room for them. */
  async copies(
    options: RestoreAccountOptions,
    { changes, targets, live }: RestorePlan,
    ids: ReadonlyMap<number, number>,
    tally: RestoreTally,
  ): Promise<void> {
    for (const { mailboxId, target, uids, bits, keywords } of changes.copies) {
      const { name } = targets[target]!;
      const copy = async (some: readonly number[]): Promise<void> => {
        const id = ids.get(target)!;
        try {
          const { pairs } = await options.account.messages.copy(mailboxId, some, id);
          const copied = pairs.map(({ uid }) => uid);
          await options.account.messages.storeFlags(id, copied, { mode: 'replace', flags: { bits, keywords } });
          tally.count(name, 'restored', copied.length);
        } catch (error) {
          if (!(error instanceof OverQuotaError)) throw error;
          const half = some.length >> 1;
          if (half > 0) {
            await copy(some.slice(0, half));
            await copy(some.slice(half));
            return;
          }
          const detail = `${error.message}; mailbox "${live.names.get(mailboxId)}" has it`;
          tally.skip({ reason: 'over-quota', mailbox: name, uid: some[0]!, detail });
        }
      };
      if (options.dryRun) tally.count(name, 'restored', uids.length);
      else await inSteps(options, uids, copy);
    }
  },

  async expunge(options: RestoreAccountOptions, mailboxId: number, uids: readonly number[]): Promise<void> {
    await inSteps(options, uids, async (some) => {
      await options.account.messages.expunge(mailboxId, some, 'all');
    });
  },
};

async function inSteps(
  { signal }: RestoreAccountOptions,
  uids: readonly number[],
  change: (uids: number[]) => Promise<void>,
): Promise<void> {
  const ascending = Uint32Array.from(uids).sort();
  for (let at = 0; at < ascending.length; at += uidsAtOnce) {
    signal.throwIfAborted();
    try {
      await change([...ascending.subarray(at, at + uidsAtOnce)]);
    } catch (error) {
      // Deleted meanwhile, with its messages.
      if (!(error instanceof MailboxNotFoundError)) throw error;
    }
  }
}
