import { isIPv6 } from 'node:net';
import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import type { ConnectPeer } from './peer.ts';
import type { AttemptReply } from './queue.ts';

/** Makes a way to a destination that uses all addresses, or those of one family. */
type OpenRoute = (watch: (connect: ConnectPeer) => ConnectPeer, family?: 'ipv4' | 'ipv6') => DeliveryRoute;

/**
 * A way to elsewhere that asks once more from the other family of addresses when a host refuses, before it has seen a message, all that it is
 * for by its policy: an IPv6 address of ours may have no reverse name, or a reputation that its neighbours have made.
 * Source: RFC 3463 §3.8 (X.7)
 */
export class OtherFamilyRoute implements DeliveryRoute {
  readonly #open: OpenRoute;
  readonly #first: DeliveryRoute;
  /** Opened when needed. */
  readonly #others = new Map<'ipv4' | 'ipv6', DeliveryRoute>();
  #family: 'ipv4' | 'ipv6' | undefined;
  #contentSeen = false;

  constructor(open: OpenRoute) {
    this.#open = open;
    this.#first = open((connect) => this.#watched(connect));
  }

  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<DeliveryResult> {
    this.#contentSeen = false;
    const result = await this.#first.deliver(job, signal);
    const family = this.#family;
    if (family === undefined || this.#contentSeen || !result.replies.every(isPolicy)) return result;
    const again = await this.#other(family === 'ipv6' ? 'ipv4' : 'ipv6').deliver(job, signal);
    // Our own reply says that there is no such address or no way there: what the host said counts.
    return again.replies.every(({ host }) => host === undefined) || again.replies.every(isUnreached) ? result : again;
  }

  async close(): Promise<void> {
    await Promise.all([this.#first, ...this.#others.values()].map((route) => route.close()));
  }

  #other(family: 'ipv4' | 'ipv6'): DeliveryRoute {
    const known = this.#others.get(family);
    if (known !== undefined) return known;
    const route = this.#open((connect) => connect, family);
    this.#others.set(family, route);
    return route;
  }

  /** Notes which address took a session, and whether a message was shown to it. */
  #watched(connect: ConnectPeer): ConnectPeer {
    return async (target, signal) => {
      const peer = await connect(target, signal);
      this.#family = isIPv6(target.address) ? 'ipv6' : 'ipv4';
      return {
        get host() {
          return peer.host;
        },
        get offers() {
          return peer.offers;
        },
        get tls() {
          return peer.tls;
        },
        get certificateFault() {
          return peer.certificateFault;
        },
        get verifiedTls() {
          return peer.verifiedTls;
        },
        send: (envelope, sending) => {
          const content: typeof envelope.content = () => {
            this.#contentSeen = true;
            return envelope.content();
          };
          return peer.send({ ...envelope, content }, sending);
        },
        close: () => peer.close(),
      };
    };
  }
}

function isPolicy({ code, enhanced, host }: AttemptReply): boolean {
  return code >= 500 && enhanced.startsWith('5.7.') && host !== undefined;
}

function isUnreached({ enhanced }: AttemptReply): boolean {
  return enhanced.startsWith('4.4.');
}
