import type { Pace } from './pace.ts';

/** Some milliseconds of sorting. */
const runLength = 2048;
const mergedBetweenLooks = 512;

/** Sorts in short runs, which it then merges: others have their turn between. */
export async function sortPaced(
  places: Uint32Array,
  compare: (one: number, other: number) => number,
  pace: Pace,
): Promise<Uint32Array> {
  for (let at = 0; at < places.length; at += runLength) {
    places.subarray(at, at + runLength).sort(compare);
    if (pace.over) await pace.turn();
  }
  let from: Uint32Array = places;
  let to: Uint32Array = new Uint32Array(places.length);
  for (let length = runLength; length < places.length; length *= 2) {
    for (let start = 0; start < places.length; start += 2 * length) {
      const middle = Math.min(start + length, places.length);
      const end = Math.min(start + 2 * length, places.length);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const takesLeft = right >= end || (left < middle && compare(from[left]!, from[right]!) <= 0);
        to[at] = takesLeft ? from[left++]! : from[right++]!;
        if (at % mergedBetweenLooks === 0 && pace.over) await pace.turn();
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
