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
    for (const word of value.split(/[ \t\r\n<>,;()"]/)) if (/[^@]@[^@]/.test(word)) ids.push(word);
  }
  if (ids.length <= limits.headerMessageIds) return ids;
  return [ids[0]!, ...ids.slice(ids.length - limits.headerMessageIds + 1)];
}
