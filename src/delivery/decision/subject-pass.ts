import { createHmac, hkdfSync } from 'node:crypto';
import { decodeHeaderText } from '../../message/header-text.ts';
import type { Clock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import { SmtpError } from '../../smtp/smtp-error.ts';
import type { Author } from '../message-authors.ts';
import type { Decision, DecisionStep, Question } from './decision.ts';

/**
 * A way in for people whose mail server is on a blocklist: the refusal, which their server shows them, has a token, and the same author gets
 * through with it in the subject. It is good for one account and one author, and for one to two of the account's periods.
 */
export class SubjectPass {
  readonly #key: Buffer;
  readonly #periodMsOf: (account: string) => number | undefined;
  readonly #clock: Clock;

  /** @param options.secret kept over restarts, from which the key is derived */
  constructor(options: {
    secret: Uint8Array;
    periodMsOf: (account: string) => number | undefined;
    clock: Clock;
  }) {
    this.#key = Buffer.from(hkdfSync('sha256', options.secret, '', 'restante subject pass', 32));
    this.#periodMsOf = options.periodMsOf;
    this.#clock = options.clock;
  }

  /** Accepts a message with a token that is good. */
  readonly accept: DecisionStep = async ({ message, sender, account }): Promise<Decision | undefined> => {
    const periodMs = this.#periodMsOf(account.name);
    const subject = message.file.structure.envelope.subject;
    if (periodMs === undefined || sender.author === undefined || subject === undefined) return undefined;
    const given = decodeHeaderText(subject.slice(0, limits.ruleFieldCharacters)).toLowerCase();
    const now = this.#period(periodMs);
    const good = [now, now - 1].map((period) => this.#token(account.name, sender.author!, period));
    return good.some((token) => given.includes(token)) ? { action: 'accept', reason: 'subject-pass' } : undefined;
  };

  /** @returns the step, with a token in what it replies to messages that it refuses */
  offeredBy(step: DecisionStep): DecisionStep {
    return async (question) => {
      const decision = await step(question);
      return decision?.action === 'refuse' ? this.#withOffer(decision, question) : decision;
    };
  }

  #withOffer(decision: Decision & { action: 'refuse' }, { sender, account }: Question): Decision {
    const periodMs = this.#periodMsOf(account.name);
    if (periodMs === undefined || sender.author === undefined) return decision;
    const token = this.#token(account.name, sender.author, this.#period(periodMs));
    const { replyCode, enhancedCode, publicText } = decision.error;
    const text = `${publicText}. To get through all the same, send it again with ${token} in the subject`;
    return { ...decision, error: new SmtpError(replyCode, enhancedCode, text) };
  }

  #period(periodMs: number): number {
    return Math.floor(this.#clock.now() / periodMs);
  }

  /** 60 bits, which nobody guesses by sending mail. */
  #token(account: string, { localpart, domain }: Author, period: number): string {
    const digest = createHmac('sha256', this.#key)
      .update(`${account}\n${period}\n${localpart}@${domain}`)
      .digest('hex');
    return `pass-${digest.slice(0, 15)}`;
  }
}
