import type { Readable } from 'node:stream';
import { RestanteError } from '../runtime/errors.ts';
import type { AttemptReply, BodyType } from './queue.ts';

/** What the queue needs of an outgoing SMTP session. */
export interface Peer {
  /** Of the host connected to. */
  readonly host: string;
  readonly offers: {
    readonly dsn: boolean;
    readonly smtputf8: boolean;
    readonly eightBitMime: boolean;
    readonly binaryMime: boolean;
    readonly requireTls: boolean;
    /** RFC 1870; undefined when it says none. */
    readonly sizeBytes: number | undefined;
    /** RFC 9422 RCPTMAX; undefined when it says none. */
    readonly recipients: number | undefined;
  };
  /** TLS with a certificate that was proven to be the host's (RFC 8689 §4.2.1). */
  readonly verifiedTls: boolean;
  /**
   * Sends one message in one mail transaction.
   * @returns a reply for each recipient, in order
   * @throws PeerFailedError when the session is over before the final reply
   */
  send(envelope: PeerEnvelope, signal: AbortSignal): Promise<readonly AttemptReply[]>;
  /** QUIT, with little patience. */
  close(): Promise<void>;
}

export interface PeerEnvelope {
  readonly sender: string;
  readonly recipients: readonly {
    readonly address: string;
    readonly notify: readonly string[] | undefined;
    readonly orcpt: string | undefined;
  }[];
  readonly ret: 'FULL' | 'HDRS' | undefined;
  readonly envid: string | undefined;
  readonly smtputf8: boolean;
  readonly body: BodyType;
  readonly requireTls: boolean;
  readonly sizeBytes: number;
  readonly content: () => Readable;
}

export interface PeerTarget {
  readonly host: string;
  /** IP address. */
  readonly address: string;
  readonly port: number;
  /** `opportunistic`: STARTTLS if offered, with any certificate. `required`: with the host's own, or not at all. */
  readonly tls: 'none' | 'opportunistic' | 'required';
}

/**
 * Connects, reads the greeting, says EHLO, and starts TLS.
 * @throws PeerFailedError
 */
export type ConnectPeer = (target: PeerTarget, signal: AbortSignal) => Promise<Peer>;

/** The session is over, or never was: the connection failed, or the peer refused at its greeting, EHLO or STARTTLS. */
export class PeerFailedError extends RestanteError {
  readonly reply: AttemptReply;
  /** TLS itself failed, so that a session without it might do. */
  readonly tlsFailed: boolean;
  /** The whole message was sent, and no reply came: the host may have taken it. */
  readonly mayHaveAccepted: boolean;

  constructor(reply: AttemptReply, options: { tlsFailed?: boolean; mayHaveAccepted?: boolean; cause?: unknown } = {}) {
    super('peer-failed', `Cannot go on with the SMTP session: ${reply.code} ${reply.enhanced} ${reply.text}`, {
      cause: options.cause,
      context: { host: reply.host },
    });
    this.reply = reply;
    this.tlsFailed = options.tlsFailed ?? false;
    this.mayHaveAccepted = options.mayHaveAccepted ?? false;
  }
}
