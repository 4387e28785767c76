import type { Resolver } from '../dns/resolver.ts';
import { resolverUntil } from '../dns/resolver-until.ts';
import { authenticationResults } from '../mailauth/authentication-results.ts';
import { evaluateDmarc } from '../mailauth/dmarc/evaluate-dmarc.ts';
import { receivedSpf } from '../mailauth/spf/received-spf.ts';
import { verifySpf } from '../mailauth/spf/verify-spf.ts';
import { verifyReverseName } from '../mailauth/verify-reverse-name.ts';
import { verifySignatures } from '../mailauth/verify-signatures.ts';
import { normaliseDomain } from '../message/domain.ts';
import { isLoopback } from '../runtime/address-range.ts';
import type { Clock } from '../runtime/clock.ts';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { readHeader } from './delivered-to.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { authorDomains, messageAuthors } from './message-authors.ts';
import type { SenderVerdict } from './sender-verdict.ts';
import { vouchedAuthor } from './vouched-author.ts';

/** Finds out who sent a message. @returns undefined for a client that nothing is found out about */
export type AuthenticateSender = (message: IncomingMessage) => Promise<SenderVerdict | undefined>;

export interface AuthenticateSenderOptions {
  readonly resolver: Resolver;
  readonly hostname: string;
  /** Domains of servers that pass mail on, and are believed what they have found out about it. */
  readonly trustedArcSealers: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Ends checks under way; their messages are refused for now. */
  readonly signal: AbortSignal;
}

/** A client on this machine is nobody's whom the DNS speaks of, and is not looked up. */
export function createAuthenticateSender(options: AuthenticateSenderOptions): AuthenticateSender {
  const { hostname: receiver, clock, log, metrics, signal } = options;
  const counters = {
    spf: metrics.counter('restante_spf_results_total', 'SPF checks of incoming mail, by identity and result.'),
    dkim: metrics.counter('restante_dkim_results_total', 'DKIM signatures of incoming mail, by result.'),
    arc: metrics.counter('restante_arc_results_total', 'ARC chains of incoming mail, by result.'),
    iprev: metrics.counter('restante_iprev_results_total', 'Reverse names of clients, by result.'),
    dmarc: metrics.counter('restante_dmarc_results_total', 'DMARC checks of incoming mail, by result.'),
  };
  const trustedSealers = new Set(options.trustedArcSealers.map(normaliseDomain));
  return async (message) => {
    const { envelope, reception, file } = message;
    const { remoteAddress: ip, helloName = '' } = reception;
    if (ip === undefined || isLoopback(ip)) return undefined;
    const now = clock.now();
    // Whoever makes us ask too much gets a temporary result, not our patience.
    const resolver = resolverUntil(options.resolver, AbortSignal.timeout(limits.authenticationMs));
    const header = (await readHeader(message)).toString('latin1');
    const [reverseName, spf, { dkim, arc }] = await Promise.all([
      verifyReverseName(resolver, ip, signal),
      verifySpf({ resolver, ip, helloName, mailFrom: envelope.sender, receiver, now, signal }),
      verifySignatures(file.content(), { resolver, now, signal }),
    ]);
    const authors = messageAuthors(header);
    const dmarc = await evaluateDmarc({ resolver, authorDomains: authorDomains(authors), spf, dkim, signal });
    const dmarcOverride = await vouchedAuthor({ arc, dmarc, trustedSealers, resolver, signal });
    counters.iprev.add(1, { result: reverseName.result });
    counters.spf.add(1, { identity: spf.identity, result: spf.result });
    for (const { result } of dkim) counters.dkim.add(1, { result });
    counters.arc.add(1, { result: arc.result });
    counters.dmarc.add(1, { result: dmarc.result });
    const shownDkim = dkim.map(({ result, signature }) => `${result} ${signature?.domain ?? ''}`);
    log.debug(
      {
        ip,
        name: reverseName.name,
        spf: spf.result,
        spfDomain: spf.domain,
        dkim: shownDkim,
        arc: arc.result,
        sealers: arc.sealers.map(({ domain }) => domain),
        dmarc: dmarc.result,
        from: dmarc.domain,
      },
      'sender checked',
    );
    const results = authenticationResults(receiver, { ip, reverseName, spf, dkim, dmarc, arc });
    const fields = `Authentication-Results: ${results}\r\n${receivedSpf(spf, { ip, helloName, receiver })}`;
    const author = authors.length === 1 ? authors[0] : undefined;
    return { ip, reverseName, spf, dkim, dmarc, arc, dmarcOverride, author, results, fields };
  };
}
