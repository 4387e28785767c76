import { limits } from '../runtime/limits.ts';

/**
 * The message identifiers in a Message-ID, In-Reply-To or References value, in order, without angle brackets. Whitespace inside (left
 * by folding) is dropped. Old In-Reply-To text around them is skipped; when nothing is in brackets, words with an `@` are taken.
 * At most `limits.headerMessageIds`: the first one and the last ones, which matter most for threads.
 * Source: RFC 5322 §3.6.4, §4.5.4
 */
export function parseMessageIds(value: string): string[] {
  const ids: string[] = [];
  for (const match of value.matchAll(/<([^<>]+)>/g)) {
    const id = match[1]!.replace(/[ \t\r\n]+/g, '');
    if (id !== '') ids.push(id);
  }
  if (ids.length === 0) {
    for (const match of value.matchAll(/[^ \t\r\n<>,;()"]+@[^ \t\r\n<>,;()"]+/g)) ids.push(match[0]);
  }
  if (ids.length <= limits.headerMessageIds) return ids;
  return [ids[0]!, ...ids.slice(ids.length - limits.headerMessageIds + 1)];
}
