import type { JunkFilters } from '../../junk/junk-filters.ts';
import type { Log } from '../../runtime/log.ts';
import { messageOrigins, type OriginKind, originKinds } from '../message-origins.ts';
import { senderValidation } from '../sender-validation.ts';
import type { Decision, DecisionStep, Reason } from './decision.ts';
import type { JunkSettings } from './junk-words.ts';

/**
 * How many messages of an origin the user must have kept, or called junk, before it decides: the more senders may share it, the more.
 * Neighbours in a network may be warned of; they never vouch for anybody.
 */
const levels: Readonly<Record<OriginKind, { reason: Reason; kept: number; junk: number; what: string }>> = {
  author: { reason: 'author-reputation', kept: 1, junk: 3, what: 'author' },
  domain: { reason: 'domain-reputation', kept: 3, junk: 3, what: 'domain' },
  organisation: { reason: 'domain-reputation', kept: 5, junk: 5, what: 'organisation' },
  signature: { reason: 'signature-reputation', kept: 5, junk: 5, what: 'signer' },
  envelope: { reason: 'envelope-reputation', kept: 5, junk: 5, what: 'envelope domain' },
  address: { reason: 'address-reputation', kept: 5, junk: 5, what: 'address' },
  network: { reason: 'network-reputation', kept: Number.POSITIVE_INFINITY, junk: 10, what: 'network' },
  wideNetwork: { reason: 'network-reputation', kept: Number.POSITIVE_INFINITY, junk: 20, what: 'network' },
};

/**
 * What the user has made of earlier messages from the same: whoever wrote what was kept, and nothing that was called junk, is let in;
 * whoever wrote junk only is not. Asked from the author to the network; the first that is clear decides, unless what is closer to the
 * message speaks against it.
 */
export function senderReputation(options: {
  filters: JunkFilters;
  settingsOf: (account: string) => JunkSettings;
  log: Log;
}): DecisionStep {
  const { filters, settingsOf, log } = options;
  return async ({ message, sender, account }): Promise<Decision | undefined> => {
    if (!settingsOf(account.name).enabled) return undefined;
    const origins = messageOrigins({
      fromLocalpart: sender.author?.localpart,
      fromDomain: sender.author?.domain,
      validation: senderValidation(sender),
      mailFromDomain: message.envelope.sender?.domain,
      helloName: message.reception.helloName,
      remoteAddress: sender.ip,
      isForward: sender.isForwarded === true,
    });
    try {
      return judgeOrigins(origins, await filters.originCounts(account.name, [...origins.values()].flat()));
    } catch (error) {
      log.error({ err: error, account: account.name }, 'reputation not found out: the message is not judged by it');
      return undefined;
    }
  };
}

/** @param counts of each origin that messages were learned from; `ham` are those that were kept */
export function judgeOrigins(
  origins: ReadonlyMap<OriginKind, readonly string[]>,
  counts: ReadonlyMap<string, { readonly ham: number; readonly junk: number }>,
): Decision | undefined {
  let anyKept = false;
  let anyJunk = false;
  for (const kind of originKinds) {
    const level = levels[kind];
    const known = (origins.get(kind) ?? []).flatMap((origin) => counts.get(origin) ?? []);
    anyKept ||= known.some(({ ham }) => ham > 0);
    anyJunk ||= known.some(({ junk }) => junk > 0);
    const ham = Math.max(0, ...known.map((each) => each.ham));
    const junk = Math.max(0, ...known.map((each) => each.junk));
    const detail = `of this ${level.what} ${ham} kept, ${junk} called junk`;
    if (ham >= level.kept && !anyJunk) return { action: 'accept', reason: level.reason, detail };
    if (junk >= level.junk && !anyKept) return { action: 'junk', reason: level.reason, detail };
  }
  return undefined;
}
