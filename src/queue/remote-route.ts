import type { Envelope } from '../smtp-client/envelope.ts';
import { SmtpSessionError } from '../smtp-client/session-error.ts';
import { contentKind } from './content-kind.ts';
import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import { isAccepted, isPermanent } from './due-notice.ts';
import { type FindPeerOptions, findPeer, type SecuredPeer, type TlsWish } from './find-peer.ts';
import { contentChunks, type MessageContent } from './message-content.ts';
import type { Peer } from './peer.ts';
import type { AttemptReply, BodyType } from './queue.ts';
import { withAsciiDomain } from './recipient-domain.ts';
import type { MessageRow, RecipientRow } from './schema.ts';

export interface RemoteRouteOptions extends FindPeerOptions {
  readonly pathOf: (messageId: number) => string;
}

/**
 * SMTP to the hosts of one domain. The session is kept from message to message; when a destination can't be reached, the other
 * messages that are due there get the same answer without further connections.
 */
export class RemoteRoute implements DeliveryRoute {
  readonly #options: RemoteRouteOptions;
  readonly #domain: string;
  #secured: SecuredPeer | undefined;
  /** The peer has answered for a message already: losing it now says nothing about the host. */
  #peerUsed = false;
  /** Why there was no session, by what the message wanted of TLS. */
  readonly #unreachable = new Map<TlsWish, AttemptReply>();

  constructor(options: RemoteRouteOptions, domain: string) {
    this.#options = options;
    this.#domain = domain;
  }

  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<DeliveryResult> {
    const wish = tlsWish(job.message);
    for (;;) {
      if (this.#secured !== undefined && !serves(this.#secured, wish)) await this.close();
      const again = this.#peerUsed;
      const secured = this.#secured ?? this.#unreachable.get(wish) ?? (await this.#connect(job.message, wish, signal));
      if ('code' in secured) return sameReply(job.recipients, secured);
      this.#secured = secured;
      const body = await this.#bodyFor(secured.peer, job.message);
      try {
        const replies = await this.#sendToAll(secured.peer, job, body, signal);
        this.#peerUsed = true;
        return {
          replies: replies.map((reply) => ({ ...reply, tls: secured.tls })),
          accepted: secured.peer.offers.dsn ? 'passed-on' : 'relayed',
        };
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
    const secured = this.#secured;
    this.#secured = undefined;
    this.#peerUsed = false;
    await secured?.peer.close();
  }

  async #connect(message: MessageRow, wish: TlsWish, signal: AbortSignal): Promise<SecuredPeer | AttemptReply> {
    // Two servers that have nothing else to say would report on their reports for ever.
    const options = message.report === 'tls' ? { ...this.#options, onTlsResult: undefined } : this.#options;
    const found = await findPeer(options, this.#domain, wish, signal);
    if ('code' in found) this.#unreachable.set(wish, found);
    return found;
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
}

function tlsWish({ require_tls: required, tls_optional: optional }: MessageRow): TlsWish {
  return required === 1 ? 'required' : optional === 1 ? 'optional' : 'policy';
}

/** Whether a session that was opened for one message does for another. */
function serves({ peer, tls, wish: had }: SecuredPeer, wish: TlsWish): boolean {
  if (wish === 'optional' || had === wish) return true;
  if (wish === 'policy') return had === 'required';
  return peer.offers.requireTls && peer.verifiedTls && (tls === 'dane' || tls === 'mta-sts');
}

function sameReply(recipients: readonly RecipientRow[], reply: AttemptReply): DeliveryResult {
  return { replies: recipients.map(() => reply), accepted: 'relayed' };
}

/** The session broke: whatever was said last, it was not the answer for these recipients. */
function asTemporary(reply: AttemptReply): AttemptReply {
  if (!isAccepted(reply) && !isPermanent(reply)) return reply;
  return { ...reply, code: 451, enhanced: '4.4.2' };
}
