import type { JunkFilters } from '../../junk/junk-filters.ts';
import { limits } from '../../runtime/limits.ts';
import type { Log } from '../../runtime/log.ts';
import { senderValidation } from '../sender-validation.ts';
import type { Decision, DecisionStep } from './decision.ts';
import type { JunkSettings } from './junk-words.ts';

/**
 * What the user has made of earlier messages of the same author, as long as it was shown to be them each time: whoever wrote what was
 * kept, and nothing that was called junk, is let in; whoever wrote junk only is not. Anything in between is for the next step.
 */
export function authorReputation(options: {
  filters: JunkFilters;
  settingsOf: (account: string) => JunkSettings;
  log: Log;
}): DecisionStep {
  const { filters, settingsOf, log } = options;
  return async ({ sender, account }): Promise<Decision | undefined> => {
    const { author } = sender;
    if (author === undefined || !settingsOf(account.name).enabled) return undefined;
    if (senderValidation(sender).from === 'none') return undefined;
    try {
      const contents = await account.read((reader) => reader.contentsOfAuthor(author, limits.reputationMessages));
      if (contents.length === 0) return undefined;
      const learned = [...(await filters.learnedAs(account.name, contents)).values()];
      const junk = learned.filter(Boolean).length;
      const ham = learned.length - junk;
      const detail = `of this author ${ham} kept, ${junk} called junk`;
      if (ham > 0 && junk === 0) return { action: 'accept', reason: 'author-reputation', detail };
      if (ham === 0 && junk >= limits.reputationJunk) return { action: 'junk', reason: 'author-reputation', detail };
      return undefined;
    } catch (error) {
      log.error({ err: error, account: account.name }, 'reputation not found out: the message is not judged by it');
      return undefined;
    }
  };
}
