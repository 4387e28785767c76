import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import { dkimSign } from '../mailauth/dkim/dkim-sign.ts';
import { baseAddress } from '../queue/base-address.ts';
import { addFromId } from '../queue/from-id.ts';
import { contentChunks } from '../queue/message-content.ts';
import type { Queue, SubmittedMessage } from '../queue/queue.ts';
import type { SendingLimits } from '../queue/sending-limits.ts';
import type { Clock } from '../runtime/clock.ts';
import type { DkimKeys } from './dkim-keys.ts';
import type { SentMessage } from './sent-recipients.ts';

/**
 * The queue as users see it: their messages are signed with DKIM for the domain of their author, if that is to be, and held to what
 * their account may send. A message that should be signed and can't be is refused for now: unsigned, it might be refused or taken for
 * junk by its recipients, and nobody would learn why.
 */
export function submissionQueue(
  queue: Pick<Queue, 'submit'>,
  options: {
    config: Pick<StaticConfig, 'maxOutgoingMessagesPerDay' | 'maxNewRecipientsPerDay' | 'dataDirectory'>;
    domains: LiveDomains;
    keys: Pick<DkimKeys, 'signersFor'>;
    clock: Clock;
    /** Called with what an account has sent, once it is in the queue. */
    onSent: (message: SentMessage) => void;
  },
): Pick<Queue, 'submit'> {
  const { config, domains, keys, clock, onSent } = options;
  return {
    async submit(message) {
      const path = join(config.dataDirectory, 'tmp', message.file.path);
      const prefix = message.prefix ?? new Uint8Array(0);
      const content = contentChunks({ prefix, path, sizeBytes: message.file.sizeBytes });
      const signatures = await dkimSign(content, (domain) => keys.signersFor(domain), clock.now());
      const account = message.account ?? accountOf(message, domains);
      const { ids, messageId } = await queue.submit({
        ...message,
        sender: envelopeSender(message.sender, account, domains),
        ...(account === undefined ? {} : { account, limits: limitsOf(account, config, domains) }),
        prefix: signatures === '' ? prefix : Buffer.concat([Buffer.from(signatures, 'latin1'), prefix]),
      });
      if (account !== undefined)
        onSent({
          account,
          recipients: message.recipients,
          messageId: messageId ?? `queued as ${ids[0]}`,
          sentAt: clock.now(),
        });
      return { ids };
    },
  };
}

/** Of its own for each message, for the addresses that the account wants it for. */
function envelopeSender(sender: string, account: string | undefined, { config }: LiveDomains): string {
  const wanted = account === undefined ? [] : (config.accounts[account]?.fromIdAddresses ?? []);
  const same = (address: string): boolean => baseAddress(address) === baseAddress(sender);
  return sender !== '' && wanted.some(same) ? addFromId(sender, randomBytes) : sender;
}

/** Programs of this machine send without login: whose sender address it is, sends. */
function accountOf({ sender }: SubmittedMessage, { addressBook }: LiveDomains): string | undefined {
  const found = sender === '' ? undefined : addressBook.resolveAddress(sender);
  return found?.kind === 'account' && !found.implicit ? found.account : undefined;
}

function limitsOf(
  account: string,
  config: Pick<StaticConfig, 'maxOutgoingMessagesPerDay' | 'maxNewRecipientsPerDay'>,
  domains: LiveDomains,
): SendingLimits {
  const own = domains.config.accounts[account];
  const messagesPerDay = own?.maxOutgoingMessagesPerDay ?? config.maxOutgoingMessagesPerDay;
  const newRecipientsPerDay = own?.maxNewRecipientsPerDay ?? config.maxNewRecipientsPerDay;
  return {
    ...(messagesPerDay === undefined ? {} : { messagesPerDay }),
    ...(newRecipientsPerDay === undefined ? {} : { newRecipientsPerDay }),
  };
}
