import { hash } from 'node:crypto';
import { formatAddress } from '../smtp/address.ts';
import type { SmtpError } from '../smtp/smtp-error.ts';
import type { Account } from '../store/account.ts';
import type { NewMessage } from '../store/messages/new-message.ts';
import { AlreadyDeliveredError } from '../store/store-errors.ts';
import type { DeliveryOptions } from './create-delivery.ts';
import type { Decision } from './decision/decision.ts';
import { deliveryPrefix } from './delivery-prefix.ts';
import { errorReply } from './error-reply.ts';
import type { ExpandedRecipient, Target } from './expand-recipients.ts';
import { forwardedSender } from './forwarded-sender.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { AccountRecipient } from './resolve-recipient.ts';
import type { Ruleset } from './rules/ruleset.ts';
import { senderValidation } from './sender-validation.ts';

/** Accounts written to at the same time for one message. */
const concurrency = 16;

/**
 * Stores a message in the mailboxes, and hands it to the queue for the addresses elsewhere. Durable when the promise resolves.
 * @returns the errors, by key of the target
 */
export async function deliverToTargets(
  options: DeliveryOptions,
  message: IncomingMessage,
  targets: ReadonlyMap<string, Target>,
  recipients: readonly ExpandedRecipient[],
): Promise<Map<string, SmtpError>> {
  const errors = new Map<string, SmtpError>();
  const local: [key: string, recipient: AccountRecipient][] = [];
  const remote: [key: string, address: string, alias: string | undefined][] = [];
  for (const [key, { destination, alias }] of targets) {
    if (typeof destination === 'string') remote.push([key, destination, alias]);
    else local.push([key, destination]);
  }
  const judgements = await judge(options, message, local);
  const refusedElsewhere = options.decide?.forElsewhere(message);
  const isTaken =
    local.some(([key]) => judgements.get(key)?.decision?.action !== 'refuse') ||
    (remote.length > 0 && refusedElsewhere === undefined);
  const remoteByAlias = Map.groupBy(remote, ([, , alias]) => alias);
  // Before anything is stored: it takes reading the message.
  const seals = new Map<string | undefined, Uint8Array>();
  for (const alias of isTaken ? remoteByAlias.keys() : []) {
    if (alias !== undefined && options.seal !== undefined) seals.set(alias, await options.seal(message, alias));
  }
  const store = async ([key, recipient]: [string, AccountRecipient]): Promise<void> => {
    const judgement = judgements.get(key) ?? {};
    const { decision } = judgement;
    // When others take the message there is no reply to refuse it with, and a DSN would go to whoever the sender claims to be.
    if (decision?.action === 'refuse' && !isTaken) {
      errors.set(key, decision.error);
      const copy = { ...copyFor(message, recipient, judgement), mailbox: recipient.mailbox };
      await options.rejects?.keep(
        () => options.accounts.open(recipient.account),
        decision.reason,
        copy,
        recipient.account,
      );
      return;
    }
    try {
      await storeInMailbox(options, message, recipient, judgement);
    } catch (error) {
      if (error instanceof AlreadyDeliveredError) {
        options.log.info({ account: recipient.account, deliveryId: message.deliveryId }, 'message delivered before');
        return;
      }
      const reply = errorReply(error);
      options.log.warn({ account: recipient.account, err: error, reply: reply.replyCode }, 'message not stored');
      errors.set(key, reply);
    }
  };
  if (local.length === 1 && remote.length === 0) {
    await store(local[0]);
    return errors;
  }
  const storeAll = async (): Promise<void> => {
    const rest = local.values();
    const worker = async (): Promise<void> => {
      for (const one of rest) await store(one);
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, local.length) }, worker));
    if (!isTaken && refusedElsewhere !== undefined) {
      for (const [key] of remote) errors.set(key, refusedElsewhere);
      return;
    }
    // By alias, as the Delivered-To field that ends loops differs.
    for (const [alias, members] of remoteByAlias) {
      try {
        await passOn(options, message, alias, members, recipients, seals.get(alias));
      } catch (error) {
        options.log.warn({ alias, err: error }, 'message not passed on');
        for (const [key] of members) errors.set(key, errorReply(error));
      }
    }
  };
  await (options.asOne?.(storeAll) ?? storeAll());
  return errors;
}

async function storeInMailbox(
  options: DeliveryOptions,
  message: IncomingMessage,
  recipient: AccountRecipient,
  { decision, ruleset }: Judgement,
): Promise<void> {
  await using account = await options.accounts.open(recipient.account);
  const isWanted = decision === undefined || decision.action === 'accept';
  await account.messages.add({
    ...copyFor(message, recipient, { decision, ruleset }),
    mailbox: isWanted
      ? (ruleset?.mailbox ?? (decision?.action === 'accept' ? decision.mailbox : undefined) ?? recipient.mailbox)
      : (ruleset?.acceptRejectsToMailbox ?? (await junkMailbox(account))),
    createMissing: true,
    ...(message.deliveryId === undefined ? {} : { deliveryId: targetId(message.deliveryId, recipient.address) }),
  });
  await options.rejects?.arrived(account, message.file);
}

/** All that is stored of a message for one recipient, wherever that is. */
function copyFor(
  message: IncomingMessage,
  recipient: AccountRecipient,
  { decision, ruleset }: Judgement,
): Pick<NewMessage, 'file' | 'prefix' | 'receivedAt' | 'reception'> {
  const { sender, requireTls } = message.envelope;
  const isForward = ruleset?.isForward === true;
  const verdict = isForward && message.sender !== undefined ? forwardedSender(message.sender) : message.sender;
  return {
    file: message.file,
    prefix: deliveryPrefix(sender, recipient.address, message.prefix, decision),
    receivedAt: message.receivedAt,
    reception: {
      ...message.reception,
      mailFrom: formatAddress(sender),
      rcptTo: recipient.address,
      requireTls,
      ...(isForward ? { isForward } : {}),
      ...(verdict === undefined ? {} : { validation: senderValidation(verdict) }),
    },
  };
}

/** What is done with a message for one recipient, and what the recipient wants done with it. */
interface Judgement {
  readonly decision?: Decision;
  readonly ruleset?: Ruleset | undefined;
}

async function judge(
  options: DeliveryOptions,
  message: IncomingMessage,
  local: readonly (readonly [key: string, recipient: AccountRecipient])[],
): Promise<Map<string, Judgement>> {
  const judgements = new Map<string, Judgement>();
  const { decide } = options;
  if (decide === undefined) return judgements;
  for (const [key, recipient] of local) {
    try {
      const ruleset = await decide.rulesetFor(message, recipient);
      judgements.set(key, { ruleset });
      if (message.sender === undefined) continue;
      await using account = await options.accounts.open(recipient.account);
      judgements.set(key, { ruleset, decision: await decide.forRecipient(message, { account, recipient, ruleset }) });
    } catch (error) {
      // Nobody loses mail because it could not be judged; if the account is the trouble, storing will say so.
      options.log.error({ account: recipient.account, err: error }, 'message not judged');
    }
  }
  return judgements;
}

/** The mailbox for junk, whatever its name; made when the user has none. */
async function junkMailbox(account: Account): Promise<number | string> {
  const mailboxes = await account.read((reader) => reader.mailboxes.all());
  return mailboxes.find(({ specialUse }) => specialUse.includes('\\Junk'))?.id ?? 'Junk';
}

/** An account may get a message under several of its addresses, once for each. */
function targetId(deliveryId: string, address: string): Uint8Array {
  return hash('sha256', `${deliveryId}\n${address.toLowerCase()}`, 'buffer');
}

async function passOn(
  options: DeliveryOptions,
  message: IncomingMessage,
  alias: string | undefined,
  members: readonly (readonly [key: string, address: string, alias: string | undefined])[],
  recipients: readonly ExpandedRecipient[],
  seal: Uint8Array = new Uint8Array(0),
): Promise<void> {
  const { sender, smtpUtf8, body, requireTls, ret, envid } = message.envelope;
  const deliveredTo = alias === undefined ? '' : `Delivered-To: ${alias}\r\n`;
  await options.queue.submit({
    sender: formatAddress(sender),
    recipients: members.map(([key, address]) => {
      const notify = recipients.find(({ targets }) => targets.includes(key))?.recipient.notify;
      // RFC 3461 §5.2.7.2: success is reported here, by an "expanded" DSN, and not asked for again.
      const rest = notify?.filter((condition) => condition !== 'SUCCESS');
      return rest === undefined ? { address } : { address, notify: rest.length === 0 ? ['NEVER'] : rest };
    }),
    file: await message.file.temporaryFile(),
    prefix: Buffer.concat([seal, Buffer.from(deliveredTo), message.prefix]),
    smtputf8: smtpUtf8,
    body,
    requireTls,
    ...(ret === undefined ? {} : { ret }),
    ...(envid === undefined ? {} : { envid }),
  });
}
