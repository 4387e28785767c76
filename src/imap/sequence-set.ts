/**
 * Message numbers or UIDs as a client wrote them: pairs of first and last, in any order. `*` is {@link highest}. `saved` stands for
 * `$`, the result of the last SEARCH with SAVE.
 * Source: RFC 9051 §9 `sequence-set`, §6.4.4.1
 */
export interface SequenceSet {
  readonly saved: boolean;
  readonly ranges: readonly number[];
}

/** `*` in a set: above every number. */
export const highest = 0x1_0000_0000;

/**
 * Puts the greatest number in place of `*`, sorts, and joins what touches.
 * @param greatest number that `*` stands for; with 0 (nothing there) `*` stands for nothing
 * @returns pairs of first and last, ascending, not touching
 */
export function resolveRanges(set: SequenceSet, greatest: number): number[] {
  const { ranges } = set;
  if (ranges.length === 2) {
    const pair = resolvePair(ranges[0], ranges[1], greatest);
    return pair === undefined ? [] : pair;
  }
  const pairs: [number, number][] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    const pair = resolvePair(ranges[at], ranges[at + 1], greatest);
    if (pair !== undefined) pairs.push(pair);
  }
  pairs.sort((a, b) => a[0] - b[0]);
  const joined: number[] = [];
  for (const [first, last] of pairs) {
    const end = joined.length - 1;
    if (end > 0 && first <= joined[end] + 1) {
      if (last > joined[end]) joined[end] = last;
    } else joined.push(first, last);
  }
  return joined;
}

/** @param ranges pairs of first and last, ascending, not touching: see {@link resolveRanges} */
export function isWithin(ranges: readonly number[], number: number): boolean {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle * 2 + 1] < number) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length / 2 && ranges[low * 2] <= number;
}

function resolvePair(a: number, b: number, greatest: number): [number, number] | undefined {
  const first = a === highest ? greatest : a;
  const last = b === highest ? greatest : b;
  if (first === 0 || last === 0) return undefined;
  return first <= last ? [first, last] : [last, first];
}

/** Writes ascending numbers as a set: `1:3,7`. Empty for none. */
export function formatNumbers(numbers: ArrayLike<number>): string {
  let text = '';
  let at = 0;
  while (at < numbers.length) {
    const first = numbers[at];
    let last = first;
    while (at + 1 < numbers.length && numbers[at + 1] === last + 1) {
      last++;
      at++;
    }
    at++;
    if (text !== '') text += ',';
    text += first === last ? String(first) : `${first}:${last}`;
  }
  return text;
}
