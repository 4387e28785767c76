import type { SearchKey } from '../imap/search-keys.ts';
import { RefusedError } from './reply.ts';
import { keysWithin, type SearchAnswers } from './search-answers.ts';

/** How well a message fits a fuzzy search: 1 to 100. RFC 6203 §4 */
export type Relevancy = (uid: number) => number;

/** Of what has the text as it stands, and not the words that were looked for, or is too new to be in the index. */
const plainRelevancy = 50;

/** @returns undefined when nothing in the search is fuzzy */
export function relevancyOf(key: SearchKey, answers: SearchAnswers): Relevancy | undefined {
  const fuzzy = [...keysWithin(key)].filter(({ kind }) => kind === 'fuzzy');
  if (fuzzy.length === 0) return undefined;
  const hits = fuzzy.flatMap((one) => answers.get(one)?.hits ?? []);
  if (hits.length === 0) return () => 100;
  return (uid) => {
    const best = Math.max(...hits.map((each) => each.get(uid) ?? 0));
    return best === 0 ? plainRelevancy : Math.max(1, Math.round(best * 100));
  };
}

/** RFC 6203 §4 and §6: RELEVANCY makes sense with FUZZY only. @throws RefusedError */
export function checkFuzzy(key: SearchKey): void {
  if (keysWithin(key).some(({ kind }) => kind === 'fuzzy')) return;
  throw new RefusedError('BAD', undefined, 'RELEVANCY needs FUZZY');
}

/** What ESEARCH says of it. @param uids in the order of the response */
export function relevancyText(relevancy: Relevancy | undefined, uids: Uint32Array): string {
  return relevancy === undefined || uids.length === 0 ? '' : ` RELEVANCY (${Array.from(uids, relevancy).join(' ')})`;
}
