import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { formatAddress } from '../smtp/address.ts';
import { SmtpError } from '../smtp/smtp-error.ts';
import type { Accounts } from '../store/accounts.ts';
import type { AuthenticateSender } from './authenticate-sender.ts';
import type { Decide } from './decision/decide.ts';
import type { Decision } from './decision/decision.ts';
import { deliverToTargets } from './deliver-to-targets.ts';
import { deliveredTo, readHeader } from './delivered-to.ts';
import { errorReply } from './error-reply.ts';
import { type ExpandedRecipient, expandRecipients, type Target } from './expand-recipients.ts';
import { incomingChecks } from './incoming-checks.ts';
import type { IncomingMessage, IncomingRecipient } from './incoming-message.ts';
import type { NoteEvaluation } from './note-evaluation.ts';
import type { OutgoingQueue } from './outgoing-queue.ts';
import type { Rejects } from './rejects.ts';
import { reportKind } from './report-kind.ts';
import type { AliasRecipient, ResolveRecipient } from './resolve-recipient.ts';
import type { SealPassedOn } from './seal-passed-on.ts';
import { reportOf, sendDsn } from './send-dsn.ts';

export interface DeliveryOptions {
  readonly accounts: Pick<Accounts, 'open' | 'startMessage'>;
  /** Asked for each message anew, so that it may change. */
  readonly resolve: ResolveRecipient;
  readonly queue: OutgoingQueue;
  readonly hostname: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked about messages that are received from other servers; without it nothing is found out. */
  readonly authenticate?: AuthenticateSender;
  /** What is done with messages that were looked into; without it all are accepted. */
  readonly decide?: Decide | undefined;
  /** Asked about what aliases pass on of mail from other servers; without it nothing is sealed. */
  readonly seal?: SealPassedOn;
  /** Called with messages to an address for reports, by their kind, before they are delivered. @returns whether it brought one */
  readonly takeReports?: Readonly<Record<'dmarc' | 'tls', (message: IncomingMessage) => Promise<boolean>>>;
  /** Called once for each message from another server that is taken, or refused for good. */
  readonly noteEvaluation?: NoteEvaluation;
  /** Where users find what was refused; without it nothing is kept. */
  readonly rejects?: Pick<Rejects, 'keep' | 'arrived'>;
  /** Runs changes of several databases so that a backup holds all of them or none. */
  readonly asOne?: <Result>(change: () => Promise<Result>) => Promise<Result>;
}

export interface RecipientResult {
  readonly recipient: IncomingRecipient;
  /** Durably in a mailbox, or passed on by an alias. */
  readonly action: 'delivered' | 'expanded' | 'failed';
  /** Exactly when it failed. */
  readonly error: SmtpError | undefined;
}

/** Decides on incoming mail and stores it. */
export interface Delivery {
  /**
   * Delivers to each recipient as far as possible. What was delivered is durable when the promise resolves. Of an alias, members that
   * fail for now are left to the queue, so that the alias as a whole has succeeded.
   * @returns a result for each recipient, in order; the caller cares for those that failed
   */
  deliver(message: IncomingMessage): Promise<RecipientResult[]>;
  /**
   * Takes a message over, as the reply to DATA needs it. When it resolves, each recipient has the message durably, or the queue tries
   * again, or the sender is told; whoever asked to be told of success is told too.
   * @throws SmtpError when no recipient has it: temporary if it was for one of them
   */
  receive(message: IncomingMessage): Promise<void>;
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const deliver = (message: IncomingMessage): Promise<RecipientResult[]> => deliverMessage(options, message);
  return {
    deliver,
    async receive(received) {
      const sent = await withSender(options, received);
      try {
        options.decide?.forAll(sent);
      } catch (error) {
        options.noteEvaluation?.(sent, 'refused');
        throw error;
      }
      const message = await withReport(options, sent);
      const decisions: Decision[] = [];
      const results = await deliverMessage({ ...options, decide: recording(options.decide, decisions) }, message);
      const errors = results.flatMap(({ error }) => (error === undefined ? [] : [error]));
      // What is refused for now comes again, and would count twice.
      if (errors.length < results.length || errors.every((error) => !error.temporary)) {
        options.noteEvaluation?.(message, decisions);
      }
      if (errors.length === results.length) throw errors.find((error) => error.temporary) ?? errors[0];
      if (errors.length > 0 || results.some(({ recipient }) => recipient.notify?.includes('SUCCESS'))) {
        await settlePartial(options, message, results);
      }
    },
  };
}

async function withSender({ authenticate }: DeliveryOptions, message: IncomingMessage): Promise<IncomingMessage> {
  const sender = await authenticate?.(message);
  if (sender === undefined) return message;
  return { ...message, sender, prefix: Buffer.concat([Buffer.from(sender.fields), message.prefix]) };
}

/** Reports are stored before the message is acknowledged: what fails then makes their sender try again. */
async function withReport(options: DeliveryOptions, message: IncomingMessage): Promise<IncomingMessage> {
  const { takeReports, resolve } = options;
  if (takeReports === undefined) return message;
  const kinds = new Set(message.recipients.map(({ address }) => reportKind(resolve, address)));
  try {
    let isReport = false;
    for (const kind of kinds) if (kind !== undefined) isReport = (await takeReports[kind](message)) || isReport;
    return kinds.size > 1 || !kinds.has(undefined) ? { ...message, isReport } : message;
  } catch (error) {
    throw errorReply(error);
  }
}

function recording(decide: Decide | undefined, decisions: Decision[]): Decide | undefined {
  if (decide === undefined) return undefined;
  return {
    ...decide,
    async forRecipient(message, question) {
      const decision = await decide.forRecipient(message, question);
      decisions.push(decision);
      return decision;
    },
  };
}

async function deliverMessage(options: DeliveryOptions, message: IncomingMessage): Promise<RecipientResult[]> {
  try {
    for (const check of incomingChecks) await check(message);
  } catch (error) {
    return message.recipients.map((recipient) => failed(recipient, error));
  }
  const expansion = expandRecipients(message.recipients, options.resolve, (alias) => checkPosting(alias, message));
  let recipients = expansion.recipients;
  if (recipients.some(({ alias }) => alias !== undefined)) recipients = await withoutLoops(message, recipients);
  const wanted = new Map<string, Target>();
  for (const { targets } of recipients) {
    for (const key of targets) wanted.set(key, expansion.targets.get(key)!);
  }
  const errors = await deliverToTargets(options, message, wanted, recipients);
  const retried: Target[] = [];
  const results = recipients.map((expanded): RecipientResult => {
    const { recipient, targets, alias } = expanded;
    if (expanded.error !== undefined) return failed(recipient, expanded.error);
    const failures = targets.filter((key) => errors.has(key));
    if (failures.length === targets.length && targets.length > 0) {
      const replies = failures.map((key) => errors.get(key)!);
      return failed(recipient, replies.find((error) => error.temporary) ?? replies[0]);
    }
    if (targets.length === 0) return failed(recipient, new SmtpError(550, '5.1.1', 'The list has no members'));
    for (const key of failures) retried.push(wanted.get(key)!);
    return { recipient, action: alias === undefined ? 'delivered' : 'expanded', error: undefined };
  });
  if (retried.length > 0) {
    // Members of lists: the sender's server is told that the list has the message, the queue sees to the rest.
    const addresses = retried.map(({ destination }) => addressOf(destination));
    await submitCopies(
      options,
      message,
      [...new Set(addresses)].map((address) => ({ address })),
    );
  }
  return results;
}

function failed(recipient: IncomingRecipient, error: unknown): RecipientResult {
  return { recipient, action: 'failed', error: errorReply(error) };
}

function addressOf(destination: Target['destination']): string {
  return typeof destination === 'string' ? destination : destination.address;
}

/** A list whose members only may post: whoever else writes to it learns that it exists, nothing more. */
function checkPosting(alias: AliasRecipient, message: IncomingMessage): SmtpError | undefined {
  if (alias.postPublic !== false) return undefined;
  const sender = formatAddress(message.envelope.sender).toLowerCase();
  const member = alias.members.some((one) => (typeof one === 'string' ? one : one.address).toLowerCase() === sender);
  return member ? undefined : new SmtpError(550, '5.7.2', 'Only members may send to this list');
}

/** RFC 9228 §4: a message that an alias passed on before must not be passed on by it again. */
async function withoutLoops(
  message: IncomingMessage,
  recipients: readonly ExpandedRecipient[],
): Promise<ExpandedRecipient[]> {
  const before = deliveredTo(message.prefix, await readHeader(message));
  return recipients.map((expanded) => {
    if (expanded.alias === undefined || !before.has(expanded.alias.toLowerCase())) return expanded;
    return { ...expanded, targets: [], error: new SmtpError(554, '5.4.6', 'The message goes in circles') };
  });
}

/** Some recipients have the message, so the reply will be 250: the others must not be forgotten. */
async function settlePartial(
  options: DeliveryOptions,
  message: IncomingMessage,
  results: readonly RecipientResult[],
): Promise<void> {
  const again = results.filter(({ error }) => error?.temporary === true);
  if (again.length > 0) {
    await submitCopies(
      options,
      message,
      again.map(({ recipient }) => ({
        address: formatAddress(recipient.address),
        ...(recipient.notify === undefined ? {} : { notify: recipient.notify }),
        ...(recipient.orcpt === undefined ? {} : { orcpt: recipient.orcpt }),
      })),
    );
  }
  const reports = results.flatMap(({ recipient, action, error }) => {
    if (error === undefined) {
      if (recipient.notify?.includes('SUCCESS') !== true) return [];
      return [reportOf(recipient, { action, status: '2.0.0' })];
    }
    if (error.temporary || (recipient.notify !== undefined && !recipient.notify.includes('FAILURE'))) return [];
    const diagnosticCode = `${error.replyCode} ${error.enhancedCode} ${error.publicText}`;
    return [reportOf(recipient, { action: 'failed', status: error.enhancedCode, diagnosticCode })];
  });
  if (reports.length === 0) return;
  const header = await readHeader(message);
  await sendDsn(options, message, header, reports);
}

async function submitCopies(
  options: DeliveryOptions,
  message: IncomingMessage,
  recipients: Parameters<OutgoingQueue['submit']>[0]['recipients'],
): Promise<void> {
  const { sender, smtpUtf8, body, requireTls, ret, envid } = message.envelope;
  await options.queue.submit({
    sender: formatAddress(sender),
    recipients,
    file: await message.file.temporaryFile(),
    prefix: message.prefix,
    smtputf8: smtpUtf8,
    body,
    requireTls,
    ...(ret === undefined ? {} : { ret }),
    ...(envid === undefined ? {} : { envid }),
  });
}
