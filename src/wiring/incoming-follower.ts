import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import { type DeliveredMessage, IncomingFollower } from '../delivery/follow-incoming.ts';
import { incomingPayload } from '../delivery/incoming-event.ts';
import { isDsn, parseDsn } from '../message/parse-dsn.ts';
import type { Queue } from '../queue/queue.ts';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { DataDirectory } from './open-data-directory.ts';

/**
 * Looks at what is delivered to accounts: notices of failure tell the queue which addresses don't exist, and webhooks of accounts that want it
 * are told of each message.
 */
export function incomingFollower(options: {
  config: Pick<StaticConfig, 'hostname' | 'keepRetiredMessages'>;
  domains: LiveDomains;
  data: Pick<DataDirectory, 'accounts'>;
  queue: Pick<Queue, 'takeNotice' | 'webhooks'>;
  clock: Clock;
  log: Log;
  serving: boolean;
}): { start(): void } & AsyncDisposable {
  const { config, domains, data, queue, clock, log, serving } = options;
  const hasHook = (account: string): boolean => domains.config.accounts[account]?.incomingWebhook !== undefined;
  const follower = new IncomingFollower({
    accounts: data.accounts,
    interestIn(account) {
      if (!serving) return undefined;
      if (hasHook(account)) return 'all';
      return config.keepRetiredMessages > 0 ? 'notices' : undefined;
    },
    lookedUpTo: (account) => queue.webhooks.incomingUpTo(account),
    async take(account, messages) {
      const hooks: { contentId: number; payload: string }[] = [];
      for (const message of messages) {
        await takeNotice(account, message);
        if (!hasHook(account)) continue;
        hooks.push({ contentId: message.contentId, payload: await incomingPayload(account, message) });
      }
      if (hooks.length > 0) await queue.webhooks.addIncoming(account, hooks);
    },
    advance: (account, modseq) => queue.webhooks.setIncomingUpTo(account, modseq),
    clock,
    log,
  });
  const takeNotice = async (account: string, message: DeliveredMessage): Promise<void> => {
    if (message.mailFrom !== '') return;
    const structure = await message.structure();
    if (!isDsn(structure)) return;
    const dsn = parseDsn(await message.content(limits.incomingNoticeBytes), structure);
    // What this server reports itself it knows already.
    if (dsn === undefined || dsn.reportingMta?.toLowerCase() === config.hostname.toLowerCase()) return;
    const noticed = await queue.takeNotice({
      account,
      contentId: message.contentId,
      recipient: message.rcptTo,
      originalMessageId: dsn.originalMessageId?.trim().replace(/^<|>$/g, ''),
      recipients: dsn.recipients.map(({ action, status, finalRecipient, originalRecipient, diagnosticCode }) => ({
        action,
        status,
        addresses: originalRecipient === undefined ? [finalRecipient] : [finalRecipient, originalRecipient],
        reportingMta: dsn.reportingMta,
        diagnostic: diagnosticCode,
      })),
    });
    for (const { id, action, suppressed } of noticed) {
      log.info({ account, recipientId: id, action, suppressed }, 'notice about a message sent');
    }
  };
  return {
    // What was delivered before a crash is found now, and not only with the next message.
    start: () => {
      for (const account of Object.keys(domains.config.accounts)) if (hasHook(account)) follower.look(account);
    },
    [Symbol.asyncDispose]: () => follower[Symbol.asyncDispose](),
  };
}
