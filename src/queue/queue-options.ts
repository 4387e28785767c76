import type { DatabaseEngine } from '../database/engine.ts';
import type { Resolver } from '../dns/resolver.ts';
import type { TlsResult } from '../mailauth/tls-report/tls-result.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { DeliverLocally } from './local-route.ts';
import type { RouteFor } from './mail-route.ts';
import type { Backoff } from './next-attempt.ts';
import type { WantedEvents } from './outgoing-event.ts';
import type { ConnectPeer } from './peer.ts';
import type { ReportFailure } from './settle-attempt.ts';
import type { FindMtaSts } from './tls-policy.ts';
import type { WebhookSenderOptions } from './webhook-sender.ts';

export interface QueueOptions {
  readonly engine: DatabaseEngine;
  readonly dataDirectory: string;
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** 0 to 1, as Math.random. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Our own name, for DSNs, and to know our own MX records by. */
  readonly hostname: string;
  readonly deliverLocally: DeliverLocally;
  /** @param domain lower case, A-labels, or an address literal */
  readonly isLocalDomain: (domain: string) => boolean;
  /** Instead of SMTP over TCP: for tests. */
  readonly connect?: ConnectPeer;
  /** Nothing leaves this machine: everything is delivered locally. */
  readonly loopback?: boolean;
  /** The way of mail that isn't local: to the mail exchangers of its domain, unless this says otherwise. */
  readonly routeFor?: RouteFor;
  /** Told of each recipient of a report that is given up. Must not throw. */
  readonly onReportFailed?: (failure: ReportFailure) => void;
  readonly smtpPort?: number;
  /** The MTA-STS policies of domains; without it none has one. */
  readonly findMtaSts?: FindMtaSts;
  /** Told how TLS went with each host, for reports to its domain. Must not throw. */
  readonly onTlsResult?: (result: TlsResult) => void;
  readonly backoff?: Backoff;
  /** How long it is known what became of messages, in milliseconds: 7 days. With 0 it isn't. */
  readonly keepRetiredMs?: number;
  /** Which accounts are told what happens to their mail, and where; asked each time. */
  readonly webhooks?: {
    readonly wantedEvents: (account?: string) => WantedEvents;
    readonly targetOf: WebhookSenderOptions['targetOf'];
  };
  /** Deliveries to elsewhere at the same time in all: 10. With 0 nothing is delivered, here neither: to work on a queue at rest. */
  readonly maxDeliveries?: number;
  /** To one remote domain: 1. */
  readonly maxDeliveriesPerDestination?: number;
  /** Here, at the same time: 8, which share commits. */
  readonly maxLocalDeliveries?: number;
  /** How long disposing waits for deliveries under way: 10 seconds. */
  readonly stopWaitMs?: number;
}
