import type { ArgumentParser } from './argument-parser.ts';

/** Which of an ordered list of messages: the first is 1, the last is -1. */
export interface PartialRange {
  /** As its response repeats it: a range is the same from either end (RFC 5267 §4.4), and begins at the nearer one. */
  readonly text: string;
  readonly nearest: number;
  readonly farthest: number;
  readonly fromEnd: boolean;
}

const form = /(-?)([1-9]\d{0,9}):(-?)([1-9]\d{0,9})/y;

/**
 * Parses `1:500` or `-1:-100`.
 * @throws ImapSyntaxError
 * Source: RFC 9394 §4
 */
export function parsePartialRange(parser: ArgumentParser): PartialRange {
  const written = parser.match(form) ?? parser.fail('Range expected');
  const [from, to] = written.split(':') as [string, string];
  const fromEnd = from.startsWith('-');
  if (fromEnd !== to.startsWith('-')) parser.fail('A range counts from the beginning or from the end');
  const first = Math.abs(Number(from));
  const last = Math.abs(Number(to));
  if (Math.max(first, last) > 0xffff_ffff) parser.fail('Number out of range');
  const nearest = Math.min(first, last);
  const farthest = Math.max(first, last);
  const sign = fromEnd ? '-' : '';
  return { text: `${sign}${nearest}:${sign}${farthest}`, nearest, farthest, fromEnd };
}

/** Those of a list that lie in a range, in their order. Source: RFC 9394 §3.1 */
export function takePartial(list: Uint32Array, { nearest, farthest, fromEnd }: PartialRange): Uint32Array {
  if (!fromEnd) return list.subarray(nearest - 1, farthest);
  const end = Math.max(list.length - nearest + 1, 0);
  return list.subarray(Math.max(list.length - farthest, 0), end);
}
