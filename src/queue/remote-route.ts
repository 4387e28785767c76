import type { Log } from '../runtime/log.ts';
import { contentKind } from './content-kind.ts';
import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import { destinationHosts, type HostSearch, hostAddresses } from './destination-hosts.ts';
import { isAccepted, isPermanent } from './due-notice.ts';
import { streamContent } from './message-content.ts';
import { type ConnectPeer, type Peer, type PeerEnvelope, PeerFailedError } from './peer.ts';
import type { AttemptReply, BodyType } from './queue.ts';
import { withAsciiDomain } from './recipient-domain.ts';
import type { MessageRow, RecipientRow } from './schema.ts';

export interface RemoteRouteOptions extends HostSearch {
  readonly connect: ConnectPeer;
  readonly port: number;
  /** Everything goes to this host instead of the domain's mail exchangers. */
  readonly relay: { readonly host: string; readonly port: number } | undefined;
  readonly pathOf: (messageId: number) => string;
  readonly log: Log;
}

/**
 * SMTP to the hosts of one domain. The session is kept from message to message; when a destination can't be reached, the other
 * messages that are due there get the same answer without further connections.
 */
export class RemoteRoute implements DeliveryRoute {
  readonly #options: RemoteRouteOptions;
  readonly #domain: string;
  #peer: Peer | undefined;
  /** The peer has answered for a message already: losing it now says nothing about the host. */
  #peerUsed = false;
  #unreachable: AttemptReply | undefined;

  constructor(options: RemoteRouteOptions, domain: string) {
    this.#options = options;
    this.#domain = domain;
  }

  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<DeliveryResult> {
    for (;;) {
      const requireTls = job.message.require_tls === 1;
      if (requireTls && this.#peer !== undefined && !canRequireTls(this.#peer)) await this.close();
      const again = this.#peerUsed;
      const peer = this.#peer ?? this.#unreachable ?? (await this.#connect(requireTls, signal));
      if ('code' in peer) return sameReply(job.recipients, peer);
      this.#peer = peer;
      const body = await this.#bodyFor(peer, job.message);
      const refusal = refusalOf(peer, job.message, body);
      if (refusal !== undefined) return sameReply(job.recipients, { ...refusal, host: peer.host });
      try {
        const replies = await this.#sendToAll(peer, job, body, signal);
        this.#peerUsed = true;
        return { replies, accepted: peer.offers.dsn ? 'passed-on' : 'relayed' };
      } catch (error) {
        await this.close();
        if (!(error instanceof PeerFailedError)) throw error;
        // A server that has had enough of a session closes it (RFC 5321 §3.8): the next message gets a new one.
        if (!again || error.mayHaveAccepted || signal.aborted)
          return sameReply(job.recipients, asTemporary(error.reply));
      }
    }
  }

  async close(): Promise<void> {
    const peer = this.#peer;
    this.#peer = undefined;
    this.#peerUsed = false;
    await peer?.close();
  }

  /**
   * Sends, in as many transactions as the peer wants: those refused with 452 after others were accepted come next
   * (RFC 5321 §4.5.3.1.10), and so do those above its RCPTMAX.
   */
  async #sendToAll(peer: Peer, job: DeliveryJob, body: BodyType, signal: AbortSignal): Promise<AttemptReply[]> {
    const replies = new Map<RecipientRow, AttemptReply>();
    let waiting = job.recipients;
    while (waiting.length > 0) {
      const now = waiting.slice(0, peer.offers.recipients ?? waiting.length);
      let answers: readonly AttemptReply[];
      try {
        answers = await peer.send(this.#envelope(job.message, now, body), signal);
      } catch (error) {
        // What an earlier transaction came to stands.
        if (replies.size === 0 || !(error instanceof PeerFailedError)) throw error;
        await this.close();
        for (const row of waiting) if (!replies.has(row)) replies.set(row, asTemporary(error.reply));
        break;
      }
      now.forEach((row, at) => {
        replies.set(row, answers[at] ?? { code: 451, enhanced: '4.5.0', text: 'The server gave no reply' });
      });
      const tooMany = now.filter((_, at) => answers[at]?.code === 452);
      const progress = answers.some(isAccepted);
      waiting = [...(progress ? tooMany : []), ...waiting.slice(now.length)];
    }
    return job.recipients.map((row) => replies.get(row) as AttemptReply);
  }

  #envelope(message: MessageRow, recipients: readonly RecipientRow[], body: BodyType): PeerEnvelope {
    const smtputf8 = message.smtputf8 === 1;
    return {
      sender: message.sender === '' ? '' : withAsciiDomain(message.sender),
      recipients: recipients.map((row) => ({
        address: withAsciiDomain(row.address),
        notify: row.notify?.split(','),
        orcpt: row.orcpt ?? undefined,
      })),
      ret: (message.ret as 'FULL' | 'HDRS' | null) ?? undefined,
      envid: message.envid ?? undefined,
      smtputf8,
      body,
      requireTls: message.require_tls === 1,
      sizeBytes: message.prefix.length + message.size_bytes,
      content: () => streamContent(this.#content(message)),
    };
  }

  /** As declared, if the peer offers it; else what the content is in truth. */
  async #bodyFor(peer: Peer, message: MessageRow): Promise<BodyType> {
    const declared = message.body as BodyType;
    if (declared === '7BIT') return declared;
    if (declared === '8BITMIME' ? peer.offers.eightBitMime : peer.offers.binaryMime) return declared;
    return await contentKind(streamContent(this.#content(message)));
  }

  #content(message: MessageRow): { prefix: Uint8Array; path: string } {
    return { prefix: message.prefix, path: this.#options.pathOf(message.id) };
  }

  /**
   * Tries the hosts and their addresses in turn, until one takes the session. A host that refuses for good counts only if all do
   * (RFC 7504 §4).
   */
  async #connect(requireTls: boolean, signal: AbortSignal): Promise<Peer | AttemptReply> {
    const { relay, port } = this.#options;
    const found =
      relay === undefined ? await destinationHosts(this.#options, this.#domain, signal) : { hosts: [relay.host] };
    if ('failure' in found) return this.#giveUp(found.failure, requireTls);
    let failure: AttemptReply | undefined;
    for (const host of found.hosts) {
      const resolved = await hostAddresses(this.#options, host, signal);
      if ('failure' in resolved) {
        failure = worse(failure, resolved.failure);
        continue;
      }
      for (const address of resolved.addresses) {
        signal.throwIfAborted();
        const target = { host, address, port: relay?.port ?? port };
        const peer = await this.#connectTo(target, requireTls, signal);
        if (!('code' in peer)) return peer;
        failure = worse(failure, peer);
      }
    }
    return this.#giveUp(failure ?? { code: 451, enhanced: '4.4.4', text: 'No host takes the mail' }, requireTls);
  }

  async #connectTo(
    target: { host: string; address: string; port: number },
    requireTls: boolean,
    signal: AbortSignal,
  ): Promise<Peer | AttemptReply> {
    for (let tls: 'none' | 'opportunistic' | 'required' = requireTls ? 'required' : 'opportunistic'; ; tls = 'none') {
      try {
        return await this.#options.connect({ ...target, tls }, signal);
      } catch (error) {
        if (!(error instanceof PeerFailedError)) throw error;
        this.#options.log.info({ ...target, tls, reply: error.reply, err: error.cause }, 'No SMTP session');
        // Opportunistic: TLS that fails is no worse than none (RFC 7435 §3).
        if (error.tlsFailed && tls === 'opportunistic') continue;
        return error.reply;
      }
    }
  }

  #giveUp(reply: AttemptReply, requireTls: boolean): AttemptReply {
    // What failed for want of TLS may do for messages that don't require it.
    if (!requireTls) this.#unreachable = reply;
    return reply;
  }
}

/** Why this peer can't be given a message at all. */
function refusalOf(peer: Peer, message: MessageRow, body: BodyType): AttemptReply | undefined {
  const { offers } = peer;
  const sizeBytes = message.prefix.length + message.size_bytes;
  if (message.require_tls === 1 && !canRequireTls(peer)) {
    return { code: 550, enhanced: '5.7.30', text: 'The server does not support REQUIRETLS' };
  }
  if (message.smtputf8 === 1 && !offers.smtputf8) {
    return { code: 550, enhanced: '5.6.7', text: 'The server does not support SMTPUTF8, which the message needs' };
  }
  if (offers.sizeBytes !== undefined && offers.sizeBytes > 0 && sizeBytes > offers.sizeBytes) {
    return { code: 552, enhanced: '5.3.4', text: `The message is larger than the server takes (${offers.sizeBytes})` };
  }
  if ((body === '8BITMIME' && !offers.eightBitMime) || (body === 'BINARYMIME' && !offers.binaryMime)) {
    return { code: 550, enhanced: '5.6.3', text: `The server does not support ${body}, which the message needs` };
  }
  return undefined;
}

function canRequireTls(peer: Peer): boolean {
  return peer.offers.requireTls && peer.verifiedTls;
}

function sameReply(recipients: readonly RecipientRow[], reply: AttemptReply): DeliveryResult {
  return { replies: recipients.map(() => reply), accepted: 'relayed' };
}

/** Temporary outweighs permanent: while one host may take it later, there is hope. */
function worse(one: AttemptReply | undefined, other: AttemptReply): AttemptReply {
  return one !== undefined && !isPermanent(one) && isPermanent(other) ? one : other;
}

/** The session broke: whatever was said last, it was not the answer for these recipients. */
function asTemporary(reply: AttemptReply): AttemptReply {
  if (!isAccepted(reply) && !isPermanent(reply)) return reply;
  return { ...reply, code: 451, enhanced: '4.4.2' };
}
