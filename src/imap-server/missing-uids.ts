import type { UidList } from './uid-list.ts';

/**
 * UIDs without message, for a client that may know some of which nothing is known here: in an account that was restored from a
 * backup, those given out after the backup. RFC 7162 §3.2.5.1: a server that doesn't remember so far back names all that are gone.
 * @param ranges pairs of first and last, ascending
 * @param greatest UID that may have been given out; none above it is named
 * @returns as a sequence set; empty if there are none
 */
export function missingUids(uids: UidList, ranges: readonly number[], greatest: number): string {
  const parts: string[] = [];
  const add = (first: number, last: number): void => {
    if (first <= last) parts.push(first === last ? String(first) : `${first}:${last}`);
  };
  for (let at = 0; at < ranges.length; at += 2) {
    const last = Math.min(ranges[at + 1], greatest);
    let from = ranges[at];
    for (let index = uids.firstFrom(from); index < uids.count && uids.at(index) <= last; index++) {
      add(from, uids.at(index) - 1);
      from = uids.at(index) + 1;
    }
    add(from, last);
  }
  return parts.join(',');
}
