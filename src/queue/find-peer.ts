import { isPolicyHost } from '../mailauth/mta-sts/mta-sts-policy.ts';
import type { TlsFault, TlsPolicy } from '../mailauth/tls-report/tls-result.ts';
import type { Log } from '../runtime/log.ts';
import type { SmtpTarget } from '../smtp-client/connect-smtp.ts';
import { SmtpSessionError } from '../smtp-client/session-error.ts';
import { destinationHosts, type HostSearch, hostAddresses } from './destination-hosts.ts';
import { isPermanent } from './due-notice.ts';
import type { ConnectPeer, Peer, Relay } from './peer.ts';
import type { AttemptReply, DeliveryTls } from './queue.ts';
import {
  type FindMtaSts,
  type HostTls,
  hostTls,
  type MtaSts,
  type SecuredDomain,
  type TlsPolicyOptions,
} from './tls-policy.ts';

export interface FindPeerOptions extends HostSearch, TlsPolicyOptions {
  readonly connect: ConnectPeer;
  /** Goes to this host instead of the domain's mail exchangers. */
  readonly relay: Relay | undefined;
  /** Without it no domain has a policy. */
  readonly findMtaSts: FindMtaSts | undefined;
  readonly log: Log;
}

/**
 * What a message wants of TLS.
 * - `policy`: what the recipient's domain has published.
 * - `required`: a server that is proven to be the recipient's, and passes the requirement on (REQUIRETLS, RFC 8689 §4).
 * - `optional`: delivery before all, whatever the domain has published (`TLS-Required: No`, RFC 8689 §5).
 */
export type TlsWish = 'policy' | 'required' | 'optional';

/** A session, and what stands for its being with the right server. */
export interface SecuredPeer {
  readonly peer: Peer;
  readonly tls: DeliveryTls;
  readonly wish: TlsWish;
}

/**
 * Tries the hosts of a domain and their addresses in turn, until one takes the session. A host that refuses for good counts only if
 * all do (RFC 7504 §4).
 * @returns a session, or why there is none
 */
export async function findPeer(
  options: FindPeerOptions,
  domain: string,
  wish: TlsWish,
  signal: AbortSignal,
): Promise<SecuredPeer | AttemptReply> {
  if (options.relay !== undefined) return await relayPeer(options, options.relay, wish, signal);
  const [found, mtaSts] = await Promise.all([
    destinationHosts(options, domain, signal),
    wish === 'optional' ? noPolicy : (options.findMtaSts?.(domain, signal) ?? noPolicy),
  ]);
  if ('failure' in found) return found.failure;
  if (mtaSts.fault !== undefined) {
    const policy: TlsPolicy = { type: 'sts', domain, strings: [], mxHosts: [] };
    options.onTlsResult?.({
      recipientDomain: domain,
      policy,
      host: undefined,
      address: undefined,
      fault: mtaSts.fault,
    });
  }
  const secured: SecuredDomain = { domain, authentic: found.authentic, mtaSts };
  let failure: AttemptReply | undefined;
  for (const host of found.hosts) {
    const peer = await hostPeer(options, host, secured, wish, signal);
    if (!('code' in peer)) return peer;
    failure = worse(failure, peer);
  }
  return failure ?? { code: 451, enhanced: '4.4.4', text: 'No host takes the mail' };
}

const noPolicy: MtaSts = { policy: undefined, fault: undefined };

async function hostPeer(
  options: FindPeerOptions,
  host: string,
  secured: SecuredDomain,
  wish: TlsWish,
  signal: AbortSignal,
): Promise<SecuredPeer | AttemptReply> {
  const { port, log } = options;
  const { domain } = secured;
  const resolved = await hostAddresses(options, host, signal);
  if ('failure' in resolved) return resolved.failure;
  const tls =
    wish === 'optional' ? opportunistic : await hostTls(options, { name: host, ...resolved }, secured, signal);
  if ('fault' in tls) {
    const { fault } = tls;
    log.warn(
      { domain, host, fault: fault.type, detail: fault.detail },
      'Host not used: TLS with it is not as it must be',
    );
    for (const policy of tls.policies) {
      options.onTlsResult?.({ recipientDomain: domain, policy, host, address: undefined, fault });
    }
    return { code: 451, enhanced: '4.7.5', text: `The server ${host} is not used: ${fault.detail}` };
  }
  const wanted = wish === 'required' ? requiredTls(tls, host, secured) : tls;
  if (wanted === undefined) return { ...cannotRequire, text: `${cannotRequire.text} ${domain}` };
  let failure: AttemptReply | undefined;
  for (const address of resolved.addresses) {
    signal.throwIfAborted();
    let isWithoutTls = false;
    const peer = await connectTo(options, { host, address, port, ...wanted.target }, signal, (fault, opened) => {
      isWithoutTls = fault?.type === 'starttls-not-supported';
      reportTls(options, { domain, host, address }, wanted, secured, fault, opened);
    });
    if (!('code' in peer)) return { peer, wish, tls: deliveryTls(wanted.by, peer) };
    // RFC 8689 §4.2.2: nobody can require what the server does not have. A certificate may be put right.
    const isFinal = wish === 'required' && isWithoutTls;
    failure = worse(failure, isFinal ? { ...peer, code: 550, enhanced: '5.7.30' } : peer);
  }
  return failure ?? { code: 451, enhanced: '4.4.4', text: `No address of ${host} takes the mail` };
}

const opportunistic: HostTls = { by: 'opportunistic', target: { tls: 'opportunistic' }, policies: [] };

/** RFC 8689 §4.2.1: that the host is the domain's must be shown by DNSSEC or MTA-STS. */
const cannotRequire = {
  code: 550,
  enhanced: '5.7.30',
  text: 'The message requires TLS, and neither DNSSEC nor an MTA-STS policy shows which servers take mail for',
};

/** What a message that requires TLS makes of what the domain asks for; undefined where it can't be had. */
function requiredTls(tls: HostTls, host: string, { authentic, mtaSts }: SecuredDomain): HostTls | undefined {
  if (tls.by === 'dane' || tls.by === 'mta-sts') return tls;
  const isNamed = mtaSts.policy !== undefined && isPolicyHost(host, mtaSts.policy);
  if (!authentic && !isNamed) return undefined;
  return { ...tls, by: 'required', target: { tls: 'required', verify: 'host' } };
}

/** To the one host that takes mail for everybody; its TLS is as configured. */
async function relayPeer(
  options: FindPeerOptions,
  relay: Relay,
  wish: TlsWish,
  signal: AbortSignal,
): Promise<SecuredPeer | AttemptReply> {
  const { host, port, tls = wish === 'required' ? 'required' : 'opportunistic' } = relay;
  let credentials: SmtpTarget['credentials'];
  try {
    credentials = await relay.credentials?.();
  } catch (error) {
    options.log.error({ err: error, host }, 'No login for the relay: its mail will be tried again');
    return { code: 451, enhanced: '4.3.5', text: 'The login for the relay is not there' };
  }
  const resolved = await hostAddresses(options, host, signal);
  if ('failure' in resolved) return resolved.failure;
  let failure: AttemptReply | undefined;
  for (const address of resolved.addresses) {
    signal.throwIfAborted();
    const target = { host, address, port, tls, ...(credentials === undefined ? {} : { credentials }) };
    const peer = await connectTo(options, target, signal, () => {});
    if (!('code' in peer)) return { peer, wish, tls: deliveryTls('opportunistic', peer) };
    failure = worse(failure, peer);
  }
  return failure ?? { code: 451, enhanced: '4.4.4', text: 'No host takes the mail' };
}

/** @param onTls told once how TLS went, unless it did not come to that */
async function connectTo(
  options: FindPeerOptions,
  target: SmtpTarget,
  signal: AbortSignal,
  onTls: (fault: TlsFault | undefined, peer: Peer | undefined) => void,
): Promise<Peer | AttemptReply> {
  try {
    const peer = await options.connect(target, signal);
    onTls(undefined, peer);
    return peer;
  } catch (error) {
    if (!(error instanceof SmtpSessionError)) throw error;
    const { host, address, port, tls } = target;
    options.log.info({ host, address, port, tls, reply: error.reply, err: error.cause }, 'No SMTP session');
    if (error.tlsFault === undefined) return error.reply;
    onTls(error.tlsFault, undefined);
    // Opportunistic: TLS that fails is no worse than none (RFC 7435 §3).
    if (tls === 'opportunistic') return await connectTo(options, { ...target, tls: 'none' }, signal, () => {});
    return error.reply;
  }
}

function reportTls(
  options: FindPeerOptions,
  where: { domain: string; host: string; address: string },
  { by, policies }: HostTls,
  { mtaSts }: SecuredDomain,
  fault: TlsFault | undefined,
  peer: Peer | undefined,
): void {
  const { domain, host, address } = where;
  const faultOf = ({ type }: TlsPolicy): TlsFault | undefined => {
    if (fault !== undefined || peer === undefined) return fault;
    if (type === 'tlsa') return by === 'encrypted' ? unusableTlsa : undefined;
    if (type === 'no-policy-found') return peer.tls === undefined ? peer.certificateFault : undefined;
    const isNamed = mtaSts.policy === undefined || isPolicyHost(host, mtaSts.policy);
    return isNamed
      ? peer.certificateFault
      : { type: 'validation-failure', detail: 'the policy does not name the host' };
  };
  for (const policy of policies) {
    options.onTlsResult?.({ recipientDomain: domain, policy, host, address, fault: faultOf(policy) });
  }
}

const unusableTlsa: TlsFault = { type: 'tlsa-invalid', detail: 'none of the TLSA records can be used for SMTP' };

function deliveryTls(by: HostTls['by'], peer: Peer): DeliveryTls {
  if (by === 'dane' || by === 'mta-sts') return by;
  if (peer.tls === undefined) return 'none';
  return peer.certificateFault === undefined ? 'verified' : 'encrypted';
}

/** Temporary outweighs permanent: while one host may take it later, there is hope. */
function worse(one: AttemptReply | undefined, other: AttemptReply): AttemptReply {
  return one !== undefined && !isPermanent(one) && isPermanent(other) ? one : other;
}
