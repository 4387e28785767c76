import type { Resolver } from '../../dns/resolver.ts';
import { resolverUntil } from '../../dns/resolver-until.ts';
import { checkBlocklist, lookUpBlocklist } from '../../mailauth/dns-blocklist.ts';
import type { Clock } from '../../runtime/clock.ts';
import { limits } from '../../runtime/limits.ts';
import type { Log } from '../../runtime/log.ts';
import { SmtpError } from '../../smtp/smtp-error.ts';
import type { SenderVerdict } from '../sender-verdict.ts';
import type { Decision, DecisionStep } from './decision.ts';

/**
 * Asks the lists that the operator has chosen about the client, one after the other. A list that cannot be asked, or does not work, is
 * passed over: mail is not refused for what nobody knows.
 */
export function dnsBlocklists(options: {
  lists: readonly string[];
  resolver: Resolver;
  clock: Clock;
  log: Log;
}): DecisionStep {
  const { lists, resolver, clock, log } = options;
  /** When each list was seen to work last, and whether it did. */
  const health = new Map<string, { works: boolean; at: number }>();

  async function works(list: string, signal: AbortSignal): Promise<boolean> {
    const known = health.get(list);
    if (known !== undefined && clock.now() - known.at < limits.blocklistHealthMs) return known.works;
    let error: unknown;
    await checkBlocklist(resolver, list, signal).catch((reason: unknown) => {
      error = reason;
    });
    signal.throwIfAborted();
    if (error !== undefined) log.warn({ list, err: error }, 'DNS blocklist does not work: not asked for some time');
    health.set(list, { works: error === undefined, at: clock.now() });
    return error === undefined;
  }

  async function ask(ip: string, signal: AbortSignal): Promise<Decision | undefined> {
    // Lists that are slow to answer hold up the message no longer than all else that is asked about its sender.
    const limited = resolverUntil(resolver, AbortSignal.timeout(limits.authenticationMs));
    for (const list of lists) {
      try {
        if (!(await works(list, signal))) continue;
        const entry = await lookUpBlocklist(limited, list, ip, signal);
        if (entry === undefined) continue;
        const said = entry.text === '' ? '' : `: ${entry.text}`;
        const error = new SmtpError(550, '5.7.1', `Your address ${ip} is on the blocklist ${list}${said}`);
        return { action: 'refuse', reason: 'dns-blocklist', detail: list, error };
      } catch (error) {
        signal.throwIfAborted();
        log.warn({ list, err: error }, 'DNS blocklist could not be asked');
      }
    }
    return undefined;
  }

  /** Once for a message, whatever the number of its recipients. */
  const answers = new WeakMap<SenderVerdict, Promise<Decision | undefined>>();
  return async ({ sender, signal }) => {
    if (sender.isForwarded === true) return undefined;
    const answer = answers.get(sender) ?? ask(sender.ip, signal);
    answers.set(sender, answer);
    return await answer;
  };
}
