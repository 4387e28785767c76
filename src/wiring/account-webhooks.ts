import { firstLineOf } from '../config/first-line-of.ts';
import type { LiveDomains } from '../config/live-domains.ts';
import type { WantedEvents } from '../queue/outgoing-event.ts';
import type { QueueOptions } from '../queue/queue-options.ts';

/** The webhooks of accounts, as the configuration says at that moment. */
export function accountWebhooks(domains: Pick<LiveDomains, 'config'>): NonNullable<QueueOptions['webhooks']> {
  const eventsOf = (account: string) => domains.config.accounts[account]?.outgoingWebhook?.events ?? [];
  return {
    wantedEvents(account): WantedEvents {
      const names = account === undefined ? Object.keys(domains.config.accounts) : [account];
      return Object.fromEntries(names.map((name) => [name, eventsOf(name)]).filter(([, events]) => events.length > 0));
    },
    targetOf(account, kind) {
      const hook = domains.config.accounts[account]?.[kind === 'outgoing' ? 'outgoingWebhook' : 'incomingWebhook'];
      if (hook === undefined) return undefined;
      const { url, authorizationFile } = hook;
      if (authorizationFile === undefined) return { url };
      const hint = 'Put what the webhook is to send as its Authorization field on the first line of that file.';
      return { url, authorization: () => firstLineOf(authorizationFile, hint) };
    },
  };
}
