import type { Log } from '../runtime/log.ts';
import type { SmtpTarget } from '../smtp-client/connect-smtp.ts';
import type { Envelope } from '../smtp-client/envelope.ts';
import { SmtpSessionError } from '../smtp-client/session-error.ts';
import { contentKind } from './content-kind.ts';
import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import { destinationHosts, type HostSearch, hostAddresses } from './destination-hosts.ts';
import { isAccepted, isPermanent } from './due-notice.ts';
import { contentChunks, type MessageContent } from './message-content.ts';
import type { ConnectPeer, Peer, Relay } from './peer.ts';
import type { AttemptReply, BodyType } from './queue.ts';
import { withAsciiDomain } from './recipient-domain.ts';
import type { MessageRow, RecipientRow } from './schema.ts';

export interface RemoteRouteOptions extends HostSearch {
  readonly connect: ConnectPeer;
  readonly port: number;
  /** Goes to this host instead of the domain's mail exchangers. */
  readonly relay: Relay | undefined;
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
      try {
        const replies = await this.#sendToAll(peer, job, body, signal);
        this.#peerUsed = true;
        return { replies, accepted: peer.offers.dsn ? 'passed-on' : 'relayed' };
      } catch (error) {
        await this.close();
        if (!(error instanceof SmtpSessionError)) throw error;
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
        if (replies.size === 0 || !(error instanceof SmtpSessionError)) throw error;
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

  #envelope(message: MessageRow, recipients: readonly RecipientRow[], body: BodyType): Envelope {
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
      content: () => contentChunks(this.#content(message)),
    };
  }

  /** As declared; but what was declared binary and isn't can go to any peer. */
  async #bodyFor(peer: Peer, message: MessageRow): Promise<BodyType> {
    const declared = message.body as BodyType;
    if (declared !== 'BINARYMIME' || peer.offers.binaryMime) return declared;
    return await contentKind(contentChunks(this.#content(message)));
  }

  #content(message: MessageRow): MessageContent {
    return { prefix: message.prefix, path: this.#options.pathOf(message.id), sizeBytes: message.size_bytes };
  }

  /**
   * Tries the hosts and their addresses in turn, until one takes the session. A host that refuses for good counts only if all do
   * (RFC 7504 §4).
   */
  async #connect(requireTls: boolean, signal: AbortSignal): Promise<Peer | AttemptReply> {
    const { relay, port } = this.#options;
    const credentials = await this.#credentials();
    if (credentials !== undefined && 'code' in credentials) return this.#giveUp(credentials, requireTls);
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
        const peer = await this.#connectTo(
          {
            host,
            address,
            port: relay?.port ?? port,
            tls: relay?.tls ?? (requireTls ? 'required' : 'opportunistic'),
            ...(credentials === undefined ? {} : { credentials }),
          },
          signal,
        );
        if (!('code' in peer)) return peer;
        failure = worse(failure, peer);
      }
    }
    return this.#giveUp(failure ?? { code: 451, enhanced: '4.4.4', text: 'No host takes the mail' }, requireTls);
  }

  async #credentials(): Promise<SmtpTarget['credentials'] | AttemptReply> {
    const { relay, log } = this.#options;
    try {
      return await relay?.credentials?.();
    } catch (error) {
      log.error({ err: error, host: relay?.host }, 'No login for the relay: its mail will be tried again');
      return { code: 451, enhanced: '4.3.5', text: 'The login for the relay is not there' };
    }
  }

  async #connectTo(target: SmtpTarget, signal: AbortSignal): Promise<Peer | AttemptReply> {
    try {
      return await this.#options.connect(target, signal);
    } catch (error) {
      if (!(error instanceof SmtpSessionError)) throw error;
      const { host, address, port, tls } = target;
      this.#options.log.info({ host, address, port, tls, reply: error.reply, err: error.cause }, 'No SMTP session');
      // Opportunistic: TLS that fails is no worse than none (RFC 7435 §3).
      if (error.tlsFailed && tls === 'opportunistic') return await this.#connectTo({ ...target, tls: 'none' }, signal);
      return error.reply;
    }
  }

  #giveUp(reply: AttemptReply, requireTls: boolean): AttemptReply {
    // What failed for want of TLS may do for messages that don't require it.
    if (!requireTls) this.#unreachable = reply;
    return reply;
  }
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
