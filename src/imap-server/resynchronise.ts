import { formatNumbers, isWithin, resolveRanges, type SequenceSet } from '../imap/sequence-set.ts';
import { formatFlags } from './flag-text.ts';
import { missingUids } from './missing-uids.ts';
import type { Selection } from './open-selected.ts';
import { Pace } from './pace.ts';
import type { Session } from './session.ts';

/** What a client says it knows of a mailbox: the QRESYNC parameter of SELECT. */
export interface Resync {
  readonly uidValidity: number;
  readonly modseq: number;
  readonly knownUids: SequenceSet | undefined;
  /** Messages of which the client remembers the number that they had. */
  readonly match: { readonly sequences: SequenceSet; readonly uids: SequenceSet } | undefined;
}

/**
 * Tells what has changed since a client was here last: UIDs that are gone, then flags.
 * Expunged messages are kept in the database for ever, so that it is exact however long ago that was. After a restore, what the client
 * was told of since the backup is not known: it is told of every UID that is not there.
 * Source: RFC 7162 §3.2.5
 */
export async function resynchronise(session: Session, opened: Selection, resync: Resync): Promise<void> {
  const { selected, changes } = opened;
  const greatest = opened.mailbox.uidNext - 1;
  const known = resync.knownUids === undefined ? undefined : resolveRanges(resync.knownUids, greatest);
  const unmatchedFrom = firstUnmatchedUid(opened, resync.match);
  const gone: number[] = [];
  if (!opened.changesComplete) {
    const missing = missingUids(selected.uids, known ?? [1, greatest], greatest);
    if (missing !== '') session.untagged(`VANISHED (EARLIER) ${missing}`);
  }
  for (const { uid, expunged } of changes) {
    // Also what came after the MODSEQ that the client names: it may have seen it come, and been told no later MODSEQ to start from.
    if (opened.changesComplete && expunged && uid >= unmatchedFrom && within(known, uid)) gone.push(uid);
  }
  if (gone.length > 0) session.untagged(`VANISHED (EARLIER) ${formatNumbers(gone)}`);
  const pace = new Pace();
  for (const change of changes) {
    if (pace.over) await pace.turn();
    if (change.expunged || !within(known, change.uid)) continue;
    if (change.keywords.length > 0) await selected.announceKeywords(session.out, change.keywords);
    const flags = formatFlags(selected.shown(change).flagBits, change.keywords);
    const uid = session.uidOnly ? '' : `UID ${change.uid} `;
    session.untagged(`${selected.fetchLabel(change.uid, session)} (${uid}FLAGS ${flags} MODSEQ (${change.modseq}))`);
    if (session.out.full) await session.out.flush();
  }
}

/**
 * The client's numbers are right up to some message: nothing before it can be gone, so nothing there is worth telling.
 * @returns UID below which nothing has to be told
 * Source: RFC 7162 §3.2.5.2
 */
function firstUnmatchedUid(opened: Selection, match: Resync['match']): number {
  if (match === undefined) return 0;
  const { uids } = opened.selected;
  const sequences = expand(resolveRanges(match.sequences, uids.count), uids.count);
  const known = expand(resolveRanges(match.uids, uids.last), uids.count);
  let from = 0;
  for (let at = 0; at < Math.min(sequences.length, known.length); at++) {
    const sequence = sequences[at];
    if (sequence > uids.count || uids.at(sequence - 1) !== known[at]) break;
    from = known[at] + 1;
  }
  return from;
}

/** Numbers of ranges, at most so many. */
function expand(ranges: readonly number[], most: number): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    for (let value = ranges[at]; value <= ranges[at + 1] && numbers.length < most; value++) numbers.push(value);
  }
  return numbers;
}

function within(ranges: readonly number[] | undefined, uid: number): boolean {
  return ranges === undefined || isWithin(ranges, uid);
}
