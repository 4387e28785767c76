import type { SearchKey } from '../imap/search-keys.ts';
import { highest, resolveRanges } from '../imap/sequence-set.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/**
 * A search key for later: message numbers and `$` stand for the messages that they stand for now.
 * @returns undefined when later results can't be known from what changes: they depend on the time, or on which message is the last
 * Source: RFC 5267 §4.3
 */
export function freezeSearchKey(key: SearchKey, mailbox: SelectedMailbox): SearchKey | undefined {
  switch (key.kind) {
    case 'older':
    case 'younger':
      return undefined;
    case 'and':
    case 'or': {
      const keys: SearchKey[] = [];
      for (const inner of key.keys) {
        const frozen = freezeSearchKey(inner, mailbox);
        if (frozen === undefined) return undefined;
        keys.push(frozen);
      }
      return { kind: key.kind, keys };
    }
    case 'not': {
      const frozen = freezeSearchKey(key.key, mailbox);
      return frozen === undefined ? undefined : { kind: 'not', key: frozen };
    }
    case 'sequence':
      if (key.set.saved) return ofUids(mailbox, mailbox.saved);
      return ofUids(mailbox, mailbox.matching(key.set, false));
    case 'uid':
      if (key.set.saved) return ofUids(mailbox, mailbox.saved);
      return openRanges(key.set.ranges, mailbox.uids.last);
    default:
      return key;
  }
}

/** Messages that follow each other are one range: no new one ever comes between them. */
function ofUids({ uids }: SelectedMailbox, of: Uint32Array): SearchKey {
  const ranges: number[] = [];
  let next = -1;
  for (const uid of of) {
    const index = uids.indexOf(uid);
    if (index === -1) continue;
    if (index === next) ranges[ranges.length - 1] = uid;
    else ranges.push(uid, uid);
    next = index + 1;
  }
  return { kind: 'uid', set: { saved: false, ranges } };
}

/** `n:*` has all that is to come, as long as it begins no later than at the last message. */
function openRanges(ranges: readonly number[], last: number): SearchKey | undefined {
  const open: number[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    const from = Math.min(ranges[at], ranges[at + 1]);
    const to = Math.max(ranges[at], ranges[at + 1]);
    if (to === highest && from > Math.max(last, 1)) return undefined;
    open.push(from, Math.min(to, 0xffff_ffff));
  }
  return { kind: 'uid', set: { saved: false, ranges: resolveRanges({ saved: false, ranges: open }, 0) } };
}

/** Whether a message may come to match, or not any more, when its flags change. */
export function dependsOnFlags(key: SearchKey): boolean {
  if (key.kind === 'flag' || key.kind === 'modseq') return true;
  if (key.kind === 'not') return dependsOnFlags(key.key);
  return (key.kind === 'and' || key.kind === 'or') && key.keys.some(dependsOnFlags);
}
