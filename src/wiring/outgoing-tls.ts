import type { StaticConfig } from '../config/static-config.ts';
import type { Resolver } from '../dns/resolver.ts';
import type { QueueOptions } from '../queue/queue-options.ts';
import { MtaStsPolicies } from '../reports/mta-sts/mta-sts-policies.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RootLog } from '../runtime/log.ts';
import type { DataDirectory } from './open-data-directory.ts';

export interface OutgoingTls extends AsyncDisposable {
  /** What the queue asks and tells. */
  readonly ofQueue: Pick<QueueOptions, 'findMtaSts'>;
}

/** What other domains have published about TLS, for the queue to hold to. */
export async function outgoingTls(options: {
  config: Pick<StaticConfig, 'localserve'>;
  data: DataDirectory;
  resolver: Resolver;
  clock: Clock;
  log: RootLog;
  /** Whether mail goes out. */
  serving: boolean;
}): Promise<OutgoingTls> {
  const { config, data, resolver, clock, log, serving } = options;
  const policies = await MtaStsPolicies.open({
    engine: data.engine,
    dataDirectory: data.path,
    resolver,
    clock,
    log: log.part('mta-sts'),
    ...(serving && !config.localserve ? {} : { refreshEveryMs: 0 }),
  });
  return {
    ofQueue: { findMtaSts: policies.find },
    [Symbol.asyncDispose]: () => policies[Symbol.asyncDispose](),
  };
}
