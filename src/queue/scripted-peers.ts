import type { TlsFault } from '../mailauth/tls-report/tls-result.ts';
import { parseCapabilities } from '../smtp-client/capabilities.ts';
import type { SmtpTarget } from '../smtp-client/connect-smtp.ts';
import { type Envelope, refusalOf } from '../smtp-client/envelope.ts';
import { SmtpSessionError } from '../smtp-client/session-error.ts';
import type { ConnectPeer, Peer } from './peer.ts';
import type { AttemptReply } from './queue.ts';

/** How the host at an address behaves in tests of the queue's logic. */
export interface PeerScript {
  offers?: Partial<Peer['offers']>;
  verifiedTls?: boolean;
  /** It replies before it takes the message. */
  early?: boolean;
  /** Instead of a session. */
  refuse?: (target: SmtpTarget) => SmtpSessionError | undefined;
  /** Default: 250 for all. */
  reply?: (address: string, envelope: Envelope, sessionMessages: number) => AttemptReply | SmtpSessionError;
}

export interface SentMessage {
  readonly target: SmtpTarget;
  readonly envelope: Envelope;
  readonly content: string;
}

const notTrusted: TlsFault = { type: 'certificate-not-trusted', detail: 'self-signed' };

/** Hosts by IP address, without sockets: the queue's decisions are what is tested. */
export class ScriptedPeers {
  readonly hosts: Record<string, PeerScript>;
  readonly connections: SmtpTarget[] = [];
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
      throw new SmtpSessionError({ code: 451, enhanced: '4.4.1', text: 'Connection refused', host: target.host });
    }
    const refusal = script.refuse?.(target);
    if (refusal !== undefined) throw refusal;
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    let messages = 0;
    const offers = {
      ...parseCapabilities(undefined),
      eightBitMime: true,
      ...script.offers,
    };
    return {
      host: target.host,
      verifiedTls: script.verifiedTls ?? false,
      certificateFault: script.verifiedTls ? undefined : notTrusted,
      tls: target.tls === 'none' ? undefined : { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
      offers,
      send: async (envelope) => {
        const refused = refusalOf(envelope, offers, script.verifiedTls ?? false);
        if (refused !== undefined) return envelope.recipients.map(() => refused);
        const replies: AttemptReply[] = [];
        for (const { address } of envelope.recipients) {
          const reply = script.reply?.(address, envelope, messages) ?? {
            code: 250,
            enhanced: '2.0.0',
            text: 'Ok',
            host: target.host,
          };
          if (reply instanceof SmtpSessionError) throw reply;
          replies.push(reply);
        }
        messages++;
        if (script.early === true) return replies;
        this.sent.push({
          target,
          envelope,
          content: Buffer.concat(await Array.fromAsync(envelope.content())).toString(),
        });
        return replies;
      },
      close: async () => {
        this.open--;
      },
    };
  };
}
