import type { SmtpTarget } from '../smtp-client/connect-smtp.ts';
import type { SmtpSession } from '../smtp-client/smtp-session.ts';

/** What the queue needs of an outgoing session. */
export type Peer = Pick<SmtpSession, 'host' | 'offers' | 'tls' | 'verifiedTls' | 'certificateFault' | 'send' | 'close'>;

/** Opens a session that is ready for messages. @throws SmtpSessionError, or the signal's reason */
export type ConnectPeer = (target: SmtpTarget, signal: AbortSignal) => Promise<Peer>;

/** A host that takes mail for other domains than its own. */
export interface Relay {
  readonly host: string;
  readonly port: number;
  readonly tls?: SmtpTarget['tls'];
  /** Asked for each session. When it throws, mail waits for the next attempt. */
  readonly credentials?: () => Promise<NonNullable<SmtpTarget['credentials']>>;
}
