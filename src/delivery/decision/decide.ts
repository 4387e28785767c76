import { messageWords } from '../../junk/message-words.ts';
import { limits } from '../../runtime/limits.ts';
import type { Log } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { SmtpError } from '../../smtp/smtp-error.ts';
import { forwardedSender } from '../forwarded-sender.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import type { AccountRecipient } from '../resolve-recipient.ts';
import { findRuleset, type RulesetFacts, rulesetFacts } from '../rules/find-ruleset.ts';
import type { Ruleset } from '../rules/ruleset.ts';
import type { SenderVerdict } from '../sender-verdict.ts';
import type { Decision, DecisionStep, Question } from './decision.ts';
import { dmarcPolicy } from './dmarc-policy.ts';
import { oneAuthor } from './one-author.ts';

/** Decides what is done with a message from another server for the accounts it goes to. */
export interface Decide {
  /** Before any recipient is looked at. @throws SmtpError when nobody gets it */
  forAll(message: IncomingMessage): void;
  /** Why a message is not passed on to addresses elsewhere, unless somebody here takes it. */
  forElsewhere(message: IncomingMessage): SmtpError | undefined;
  /** What the user wants done with a message, wherever it comes from. */
  rulesetFor(message: IncomingMessage, recipient: AccountRecipient): Promise<Ruleset | undefined>;
  forRecipient(
    message: IncomingMessage,
    question: Pick<Question, 'account' | 'recipient' | 'ruleset'>,
  ): Promise<Decision>;
}

/** @param options.steps in the order in which they are asked: the first that knows decides */
export function createDecide(options: {
  steps: readonly DecisionStep[];
  /** Those of an address first. */
  rulesetsOf: (recipient: AccountRecipient) => readonly Ruleset[];
  log: Log;
  metrics: Metrics;
  signal: AbortSignal;
}): Decide {
  const { log, signal } = options;
  const counter = options.metrics.counter(
    'restante_incoming_decisions_total',
    'Messages from other servers by what was decided for a recipient, and why.',
  );
  const factsOf = new WeakMap<IncomingMessage['file'], Promise<RulesetFacts>>();
  const wordsOf = new WeakMap<IncomingMessage['file'], Promise<ReadonlySet<string>>>();
  const note = (decision: Decision, message: IncomingMessage, recipient?: AccountRecipient): Decision => {
    const { action, reason, detail } = decision;
    counter.add(1, { action, reason });
    const about = { action, reason, detail, account: recipient?.account, ip: message.sender?.ip };
    log[action === 'accept' ? 'debug' : 'info'](about, 'incoming message decided on');
    return decision;
  };
  return {
    forAll(message) {
      if (message.sender === undefined) return;
      const decision = oneAuthor(message);
      if (decision?.action !== 'refuse') return;
      note(decision, message);
      throw decision.error;
    },
    forElsewhere({ sender }) {
      const decision = sender === undefined ? undefined : dmarcPolicy(sender);
      return decision?.action === 'refuse' ? decision.error : undefined;
    },
    async rulesetFor(message, recipient) {
      const rulesets = options.rulesetsOf(recipient);
      if (rulesets.length === 0) return undefined;
      const facts = factsOf.get(message.file) ?? rulesetFacts(message);
      factsOf.set(message.file, facts);
      return findRuleset(rulesets, await facts);
    },
    async forRecipient(message, { account, recipient, ruleset }) {
      const { file } = message;
      if (message.sender === undefined) return { action: 'accept', reason: 'no-objection' };
      const sender = ruleset?.isForward === true ? forwardedSender(message.sender) : message.sender;
      const words = (): Promise<ReadonlySet<string>> => {
        const known = wordsOf.get(file) ?? readWords(message);
        wordsOf.set(file, known);
        return known;
      };
      for (const step of options.steps) {
        const decision = await step({ message, sender, recipient, account, ruleset, words, signal });
        if (decision !== undefined) return note(kept(decision, ruleset), message, recipient);
      }
      return note(noObjection(sender), message, recipient);
    },
  };
}

function noObjection({ dmarc, dmarcOverride }: SenderVerdict): Decision {
  if (dmarcOverride?.outcome !== 'applies') return { action: 'accept', reason: 'no-objection' };
  const detail = `not from ${dmarc.domain}, whose policy is ${dmarc.policy}, but passed on by ${dmarcOverride.sealers[0]}`;
  return { action: 'accept', reason: 'arc-override', detail };
}

/** A user who wants to have all the same what would be refused finds it in the mailbox that the ruleset names; but nobody wants a flood. */
function kept(decision: Decision, ruleset: Ruleset | undefined): Decision {
  if (decision.action !== 'refuse' || ruleset?.acceptRejectsToMailbox === undefined) return decision;
  const { reason, detail } = decision;
  if (reason === 'account-rate') return decision;
  return { action: 'junk', reason, ...(detail === undefined ? {} : { detail }) };
}

async function readWords({ file }: IncomingMessage): Promise<ReadonlySet<string>> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of file.content()) {
    pieces.push(piece);
    size += piece.length;
    if (size >= limits.junkMessageBytes) break;
  }
  return messageWords(Buffer.concat(pieces), file.structure);
}
