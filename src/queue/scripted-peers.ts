import { text } from 'node:stream/consumers';
import { type ConnectPeer, type Peer, type PeerEnvelope, PeerFailedError, type PeerTarget } from './peer.ts';
import type { AttemptReply } from './queue.ts';

/** How the host at an address behaves in tests of the queue's logic. */
export interface PeerScript {
  offers?: Partial<Peer['offers']>;
  verifiedTls?: boolean;
  /** Instead of a session. */
  refuse?: (target: PeerTarget) => PeerFailedError | undefined;
  /** Default: 250 for all. */
  reply?: (address: string, envelope: PeerEnvelope, sessionMessages: number) => AttemptReply | PeerFailedError;
}

export interface SentMessage {
  readonly target: PeerTarget;
  readonly envelope: PeerEnvelope;
  readonly content: string;
}

/** Hosts by IP address, without sockets: the queue's decisions are what is tested. */
export class ScriptedPeers {
  readonly hosts: Record<string, PeerScript>;
  readonly connections: PeerTarget[] = [];
  readonly sent: SentMessage[] = [];
  open = 0;
  mostOpen = 0;

  constructor(hosts: Record<string, PeerScript>) {
    this.hosts = hosts;
  }

  readonly connect: ConnectPeer = async (target) => {
    this.connections.push(target);
    const script = this.hosts[target.address];
    if (script === undefined) {
      throw new PeerFailedError({ code: 451, enhanced: '4.4.1', text: 'Connection refused', host: target.host });
    }
    const refusal = script.refuse?.(target);
    if (refusal !== undefined) throw refusal;
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    let messages = 0;
    return {
      host: target.host,
      verifiedTls: script.verifiedTls ?? false,
      offers: {
        dsn: false,
        smtputf8: false,
        eightBitMime: true,
        binaryMime: false,
        requireTls: false,
        sizeBytes: undefined,
        recipients: undefined,
        ...script.offers,
      },
      send: async (envelope) => {
        const replies: AttemptReply[] = [];
        for (const { address } of envelope.recipients) {
          const reply = script.reply?.(address, envelope, messages) ?? {
            code: 250,
            enhanced: '2.0.0',
            text: 'Ok',
            host: target.host,
          };
          if (reply instanceof PeerFailedError) throw reply;
          replies.push(reply);
        }
        messages++;
        this.sent.push({ target, envelope, content: await text(envelope.content()) });
        return replies;
      },
      close: async () => {
        this.open--;
      },
    };
  };
}
