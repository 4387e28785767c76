import { limits } from '../runtime/limits.ts';
import type { ArgumentParser } from './argument-parser.ts';

const names = [
  'ARRIVAL',
  'CC',
  'DATE',
  'DISPLAYFROM',
  'DISPLAYTO',
  'FROM',
  'RELEVANCY',
  'SIZE',
  'SUBJECT',
  'TO',
] as const;

/** What SORT goes by. */
export interface SortKey {
  readonly by: (typeof names)[number];
  readonly reverse: boolean;
}

/**
 * Parses `([REVERSE] key …)`: the first key counts most.
 * @throws ImapSyntaxError
 * Source: RFC 5256 §3, RFC 5957 (DISPLAYFROM, DISPLAYTO), RFC 6203 §6 (RELEVANCY)
 */
export function parseSortKeys(parser: ArgumentParser): SortKey[] {
  const keys: SortKey[] = [];
  parser.list(() => {
    let name = parser.word();
    const reverse = name === 'REVERSE';
    if (reverse) {
      parser.space();
      name = parser.word();
    }
    const by = names.find((known) => known === name) ?? parser.fail('Unknown sort key');
    if (keys.length === limits.imapSortKeys) parser.fail('Too many sort keys');
    keys.push({ by, reverse });
  }, 1);
  return keys;
}
