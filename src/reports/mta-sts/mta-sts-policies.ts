import { join } from 'node:path';
import type { Database, DatabaseEngine } from '../../database/engine.ts';
import { DnsError } from '../../dns/dns-error.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { mtaStsId } from '../../mailauth/mta-sts/mta-sts-id.ts';
import type { MtaStsPolicy } from '../../mailauth/mta-sts/mta-sts-policy.ts';
import type { TlsFault } from '../../mailauth/tls-report/tls-result.ts';
import type { FindMtaSts, MtaSts } from '../../queue/tls-policy.ts';
import type { Clock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import type { Log } from '../../runtime/log.ts';
import { FetchPolicyError, type FetchPolicyOptions, fetchPolicy } from './fetch-policy.ts';
import { mtaStsDatabase, mtaStsDatabasePath } from './mta-sts-database.ts';
import type { operations, PolicyRow } from './operations.ts';

/*
 * The MTA-STS policies of the domains that mail is sent to.
 *
 * On disk, below the data directory: `mtasts.db`, one row for each domain that had a policy. A policy holds until it runs out,
 * whatever the DNS says meanwhile: who can forge the DNS must not be able to take it away (RFC 8461 §10.2). Another id in the DNS has
 * the policy fetched again; so does a day's age of one that mail still needs, so that it never runs out unseen.
 *
 * A crash loses at most a policy just fetched, which is fetched again.
 */

export interface MtaStsPoliciesOptions {
  readonly engine: DatabaseEngine;
  readonly dataDirectory: string;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch?: Pick<FetchPolicyOptions, 'port' | 'authorities' | 'timeoutMs'>;
  /** How often policies are looked through for those to refresh; 0: never. Default: every hour. */
  readonly refreshEveryMs?: number;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Fetched again in one round, so that a round ends. */
const refreshedAtOnce = 200;

export class MtaStsPolicies implements AsyncDisposable {
  readonly #options: MtaStsPoliciesOptions;
  readonly #database: Database<unknown, typeof operations>;
  /** When a domain's host may be asked again after it failed, and how it did. */
  readonly #failed = new Map<string, { until: number; fault: TlsFault }>();
  readonly #fetching = new Map<string, Promise<MtaStsPolicy | TlsFault>>();
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(options: MtaStsPoliciesOptions, database: Database<unknown, typeof operations>) {
    this.#options = options;
    this.#database = database;
    const { refreshEveryMs = hourMs } = options;
    if (refreshEveryMs === 0) return;
    this.#timer = setInterval(() => {
      this.#refreshing = this.refresh().then(
        () => {},
        (error: unknown) => {
          if (!this.#closing.signal.aborted) options.log.error({ err: error }, 'MTA-STS policies not refreshed');
        },
      );
    }, refreshEveryMs).unref();
  }

  static async open(options: MtaStsPoliciesOptions): Promise<MtaStsPolicies> {
    const path = join(options.dataDirectory, mtaStsDatabasePath);
    return new MtaStsPolicies(options, await options.engine.open(mtaStsDatabase, path));
  }

  /** The policy that mail to a domain is held to now. Fetches it when there is a new one. */
  readonly find: FindMtaSts = async (domain, signal) => {
    const { clock, log, resolver } = this.#options;
    const now = clock.now();
    const kept = await this.#kept(domain, now);
    const held: MtaSts = { policy: kept && policyOf(kept), fault: undefined };
    if (kept !== undefined) this.#noteUse(kept, now);
    let id: string | undefined;
    try {
      id = await mtaStsId(resolver, domain, signal);
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      log.debug({ domain, err: error }, 'MTA-STS record not found out');
      return held;
    }
    if (id === undefined || id === kept?.policy_id) return held;
    const fetched = await this.#fetch(domain, id);
    signal.throwIfAborted();
    return 'type' in fetched ? { ...held, fault: fetched } : { policy: fetched, fault: undefined };
  };

  /** Fetches policies again that are a day old and still needed, and forgets those that are not. */
  async refresh(): Promise<{ fetched: number; failed: number; forgotten: number }> {
    const { clock, resolver } = this.#options;
    const { signal } = this.#closing;
    const now = clock.now();
    const usedBefore = now - limits.mtaStsUnusedDays * dayMs;
    const { count: forgotten } = await this.#database.write('forget', { now, usedBefore });
    const due = await this.#database.read((reader) =>
      reader.all<{ domain: string; policy_id: string }>(
        'SELECT domain, policy_id FROM policy WHERE fetched_at <= ? ORDER BY fetched_at LIMIT ?',
        [now - dayMs, refreshedAtOnce],
      ),
    );
    let failed = 0;
    for (const { domain, policy_id } of due) {
      signal.throwIfAborted();
      const id = await mtaStsId(resolver, domain, signal).catch((error: unknown) => {
        if (!(error instanceof DnsError)) throw error;
        return undefined;
      });
      if ('type' in (await this.#fetch(domain, id ?? policy_id))) failed++;
    }
    return { fetched: due.length - failed, failed, forgotten };
  }

  /** All policies that hold, by domain. */
  async list(): Promise<PolicyRow[]> {
    const now = this.#options.clock.now();
    return await this.#database.read((reader) =>
      reader.all<PolicyRow>('SELECT * FROM policy WHERE valid_until > ? ORDER BY domain LIMIT 10000', [now]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort(new Error('The server is stopping'));
    await this.#refreshing;
    await Promise.allSettled(this.#fetching.values());
    await this.#database[Symbol.asyncDispose]();
  }

  async #kept(domain: string, now: number): Promise<PolicyRow | undefined> {
    return await this.#database.read((reader) =>
      reader.first<PolicyRow>('SELECT * FROM policy WHERE domain = ? AND valid_until > ?', [domain, now]),
    );
  }

  /** Once a day is near enough to know what is needed. */
  #noteUse({ domain, used_at }: PolicyRow, now: number): void {
    if (now - used_at < dayMs) return;
    this.#database.write('markUsed', { domain, at: now }).catch((error: unknown) => {
      this.#options.log.error({ err: error, domain }, 'use of MTA-STS policy not noted');
    });
  }

  /** Once for all that ask at the same time. It goes on when one of them gives up: others may need it. */
  #fetch(domain: string, id: string): Promise<MtaStsPolicy | TlsFault> {
    const failed = this.#failed.get(domain);
    if (failed !== undefined && failed.until > this.#options.clock.now()) return Promise.resolve(failed.fault);
    const underWay = this.#fetching.get(domain);
    if (underWay !== undefined) return underWay;
    const started = this.#fetchAnew(domain, id).finally(() => this.#fetching.delete(domain));
    this.#fetching.set(domain, started);
    return started;
  }

  async #fetchAnew(domain: string, id: string): Promise<MtaStsPolicy | TlsFault> {
    const { clock, log, resolver, fetch = {} } = this.#options;
    try {
      const policy = await fetchPolicy(domain, { ...fetch, resolver }, this.#closing.signal);
      const now = clock.now();
      await this.#database.write('keepPolicy', { policy: rowOf(domain, id, policy, now), keep: limits.mtaStsPolicies });
      this.#failed.delete(domain);
      log.info({ domain, id, mode: policy.mode, mx: policy.mx }, 'MTA-STS policy fetched');
      return policy;
    } catch (error) {
      if (!(error instanceof FetchPolicyError)) throw error;
      log.warn({ domain, id, fault: error.fault.type, err: error }, 'MTA-STS policy not fetched');
      if (this.#failed.size >= limits.mtaStsPolicies) this.#failed.clear();
      this.#failed.set(domain, { until: clock.now() + limits.mtaStsFetchPauseMs, fault: error.fault });
      return error.fault;
    }
  }
}

function rowOf(domain: string, id: string, policy: MtaStsPolicy, now: number): PolicyRow {
  return {
    domain,
    policy_id: id,
    mode: policy.mode,
    mx: policy.mx.join(' '),
    max_age_seconds: policy.maxAgeSeconds,
    fetched_at: now,
    valid_until: now + policy.maxAgeSeconds * 1000,
    used_at: now,
  };
}

function policyOf({ mode, mx, max_age_seconds }: PolicyRow): MtaStsPolicy {
  return {
    mode: mode as MtaStsPolicy['mode'],
    mx: mx === '' ? [] : mx.split(' '),
    maxAgeSeconds: max_age_seconds,
  };
}
