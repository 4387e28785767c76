import type { Decision, Question } from './decision.ts';

/** A mailing list that the user has named: it was shown to be the list, and what a list changes breaks the author's signature. */
export async function listRule({ ruleset }: Pick<Question, 'ruleset'>): Promise<Decision | undefined> {
  const list = ruleset?.listAllowDomain;
  return list === undefined ? undefined : { action: 'accept', reason: 'list-rule', detail: list };
}
