import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import { accountRate } from '../delivery/decision/account-rate.ts';
import { createDecide, type Decide } from '../delivery/decision/decide.ts';
import { dmarcPolicy } from '../delivery/decision/dmarc-policy.ts';
import { dnsBlocklists } from '../delivery/decision/dns-blocklists.ts';
import { firstTimeDelay } from '../delivery/decision/first-time-delay.ts';
import { introduction } from '../delivery/decision/introduction.ts';
import { type JunkSettings, junkWords } from '../delivery/decision/junk-words.ts';
import { knownCorrespondent } from '../delivery/decision/known-correspondent.ts';
import { listRule } from '../delivery/decision/list-rule.ts';
import { senderReputation } from '../delivery/decision/sender-reputation.ts';
import { spfFail } from '../delivery/decision/spf-fail.ts';
import { SubjectPass } from '../delivery/decision/subject-pass.ts';
import { JunkLearner } from '../delivery/learn-junk.ts';
import { Rejects } from '../delivery/rejects.ts';
import type { Resolver } from '../dns/resolver.ts';
import { JunkFilters } from '../junk/junk-filters.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RootLog } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { DataDirectory } from './open-data-directory.ts';

export interface IncomingMail extends AsyncDisposable {
  readonly decide: Decide;
  readonly rejects: Rejects;
  readonly learner: Pick<JunkLearner, 'learn'>;
  /** Nobody waits any longer for no other reason than to wait: the server is about to stop. */
  endDelays(): void;
}

/** What decides on mail from other servers, and what it learns from. */
export function incomingMail(options: {
  config: StaticConfig;
  domains: LiveDomains;
  data: DataDirectory;
  resolver: Resolver;
  clock: Clock;
  log: RootLog;
  metrics: Metrics;
  /** Whether what users do is learned from as they do it. */
  serving: boolean;
  signal: AbortSignal;
}): IncomingMail {
  const { config, domains, data, resolver, clock, metrics, serving, signal } = options;
  const log = options.log.part('junk');
  const filters = new JunkFilters({ engine: data.engine, dataDirectory: data.path, log });
  const settingsOf = (account: string): JunkSettings =>
    domains.config.accounts[account]?.junkFilter ?? { enabled: false, threshold: 1 };
  const learner = new JunkLearner({
    accounts: data.accounts,
    filters,
    isOn: (account) => serving && settingsOf(account).enabled,
    mailboxesApartOf: (account) => {
      const { rejectsMailbox, introductionMailbox } = domains.config.accounts[account] ?? {};
      return { rejects: rejectsMailbox, introductions: introductionMailbox };
    },
    log,
    metrics,
  });
  const subjectPass = new SubjectPass({
    secret: data.receivedIdKey,
    periodMsOf: (account) => domains.config.accounts[account]?.subjectPass,
    clock,
  });
  const ending = new AbortController();
  const decide = createDecide({
    // In this order: the first that knows decides.
    steps: [
      listRule,
      async ({ sender }) => dmarcPolicy(sender),
      async ({ message }) => (message.isReport ? { action: 'accept', reason: 'report' } : undefined),
      knownCorrespondent,
      senderReputation({ filters, settingsOf, log }),
      subjectPass.accept,
      accountRate({ clock }),
      spfFail,
      junkWords({ filters, settingsOf, log }),
      firstTimeDelay({
        delayMsOf: (account) => domains.config.accounts[account]?.firstTimeSenderDelay ?? 0,
        ending: ending.signal,
        clock,
        metrics,
      }),
      subjectPass.offeredBy(dnsBlocklists({ lists: config.dnsBlocklists, resolver, clock, log })),
      introduction((account) => domains.config.accounts[account]?.introductionMailbox),
    ],
    rulesetsOf: ({ account, address }) => {
      const settings = domains.config.accounts[account];
      return [...(settings?.addresses[address]?.rulesets ?? []), ...(settings?.rulesets ?? [])];
    },
    log: options.log.part('delivery'),
    metrics,
    signal,
  });
  const rejects = new Rejects({
    settingsOf: (account) => {
      const { rejectsMailbox: mailbox, keepRejects: forever } = domains.config.accounts[account] ?? {};
      return mailbox === undefined ? undefined : { mailbox, forever: forever === true };
    },
    clock,
    log: options.log.part('delivery'),
  });
  return {
    decide,
    rejects,
    learner,
    endDelays: () => ending.abort(),
    async [Symbol.asyncDispose]() {
      await learner[Symbol.asyncDispose]();
      await filters[Symbol.asyncDispose]();
    },
  };
}
