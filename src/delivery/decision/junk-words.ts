import type { JunkFilters } from '../../junk/junk-filters.ts';
import { limits } from '../../runtime/limits.ts';
import type { Log } from '../../runtime/log.ts';
import type { SenderVerdict } from '../sender-verdict.ts';
import type { Decision, DecisionStep } from './decision.ts';

export interface JunkSettings {
  readonly enabled: boolean;
  /** Probability, 0 to 1, from which on a message is junk. */
  readonly threshold: number;
}

/** From which on a message is suspicious, if not yet junk: words that tell nothing make 0.5. */
const suspicious = 0.7;

/** What the user's own junk filter says of the words, once it has learned enough. A filter that fails holds up no mail. */
export function junkWords(options: {
  filters: JunkFilters;
  settingsOf: (account: string) => JunkSettings;
  log: Log;
}): DecisionStep {
  const { filters, settingsOf, log } = options;
  return async ({ recipient: { account }, sender, words }): Promise<Decision | undefined> => {
    const { enabled, threshold } = settingsOf(account);
    if (!enabled) return undefined;
    try {
      const { learned } = (await filters.state(account)) ?? { learned: { ham: 0, junk: 0 } };
      // With few messages learned every new correspondent looks like junk.
      if (Math.min(learned.ham, learned.junk) < limits.junkLeastLearned) return undefined;
      const { probability } = await filters.score(account, await words());
      log.debug({ account, probability }, 'junk filter asked');
      return judgeWords(probability, threshold, sender);
    } catch (error) {
      log.error({ err: error, account }, 'junk filter failed: the message is not judged by its words');
      return undefined;
    }
  };
}

/**
 * A suspicious message of a client that has no name in the DNS goes to the junk too: servers that mean well have one. It is not refused for
 * now, as no name will be there in an hour either.
 */
export function judgeWords(
  probability: number,
  threshold: number,
  { reverseName, isForwarded }: Pick<SenderVerdict, 'reverseName' | 'isForwarded'>,
): Decision | undefined {
  const detail = `probability ${probability.toFixed(4)}`;
  if (probability >= threshold) return { action: 'junk', reason: 'junk-words', detail };
  const isNameless = isForwarded !== true && (reverseName.result === 'fail' || reverseName.result === 'permerror');
  return isNameless && probability >= suspicious ? { action: 'junk', reason: 'no-reverse-name', detail } : undefined;
}
