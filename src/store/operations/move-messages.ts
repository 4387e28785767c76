import type { ChangeableFlags } from '../flags.ts';
import type { UidRanges } from '../uid-ranges.ts';
import { AccountChange, type AccountTransactor, type MailboxRecord } from './account-change.ts';
import { type CopiedUids, insertCopies } from './copy-messages.ts';
import { expungeRows } from './expunge-messages.ts';

/** Moves rows: new ones in the target, the old ones expunged, with one MODSEQ. @throws MailboxNotFoundError */
export async function moveMessages(
  transactor: AccountTransactor,
  args: { now: number; mailboxId: number; ranges: UidRanges; targetMailboxId: number; kept: ChangeableFlags },
): Promise<CopiedUids & { modseq: number }> {
  const change = await AccountChange.begin(transactor);
  const source = await change.mailbox(args.mailboxId);
  const target = await change.mailbox(args.targetMailboxId);
  const uids = await moveRows(change, source, target, args.ranges, args.now, args.kept);
  const modseq = await change.finish();
  return { ...uids, modseq };
}

export async function moveRows(
  change: AccountChange,
  source: MailboxRecord,
  target: MailboxRecord,
  ranges: UidRanges,
  now: number,
  kept: ChangeableFlags,
): Promise<CopiedUids> {
  // Within one mailbox the new rows must not be taken for old ones.
  const below = source.uid_next - 1;
  const old = ranges
    .filter(([from]) => from <= below)
    .map(([from, to]): [number, number] => [from, Math.min(to, below)]);
  const { uids, totals } = await insertCopies(change, source, target, old, now, kept);
  change.account.used_bytes += totals.size;
  change.account.messages += totals.count;
  await expungeRows(change, source, old, 'all');
  return uids;
}
