/** UIDs a change applies to: a sorted list, or all. Those that don't exist (any more) are passed over. */
export type UidSelection = readonly number[] | Uint32Array | 'all';

/** Sorted, disjoint, inclusive. As flat pairs in JSON they are what set-based SQL joins with: nearly all selections are few ranges. */
export type UidRanges = readonly (readonly [from: number, to: number])[];

const everyUid: UidRanges = [[1, 0xffff_ffff]];

/** @param uids ascending */
export function toUidRanges(uids: UidSelection): UidRanges {
  if (uids === 'all') return everyUid;
  const ranges: [number, number][] = [];
  let last: [number, number] | undefined;
  for (let i = 0; i < uids.length; i++) {
    const uid = uids[i]!;
    if (last !== undefined && uid === last[1] + 1) last[1] = uid;
    else if (last === undefined || uid > last[1]) {
      last = [uid, uid];
      ranges.push(last);
    }
  }
  return ranges;
}

/** A row for each range: joined with CROSS JOIN, so that SQLite looks up the messages of each and not the other way round. */
export const rangesTable =
  "(SELECT json_extract(value, '$[0]') AS low, json_extract(value, '$[1]') AS high FROM json_each(?)) AS ranges";
