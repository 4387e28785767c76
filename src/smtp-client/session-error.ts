import type { TlsFault } from '../mailauth/tls-report/tls-result.ts';
import { RestanteError } from '../runtime/errors.ts';
import type { PeerReply } from './peer-reply.ts';

/** The session is over, or never was: no connection, a refusal before any message, a broken connection, a reply that can't be read. */
export class SmtpSessionError extends RestanteError {
  /** What stands for the recipients that have no answer. */
  readonly reply: PeerReply;
  /** TLS itself failed, so that a session without it might do: how. */
  readonly tlsFault: TlsFault | undefined;
  /** All of the message was sent, and no reply came: the peer may have taken it. */
  readonly mayHaveAccepted: boolean;

  constructor(
    reply: PeerReply,
    details: {
      tlsFault?: TlsFault;
      mayHaveAccepted?: boolean;
      context?: Record<string, unknown>;
      cause?: unknown;
    } = {},
  ) {
    super('smtp-session-failed', `Cannot go on with SMTP session: ${reply.code} ${reply.enhanced} ${reply.text}`, {
      context: details.context,
      cause: details.cause,
    });
    this.reply = reply;
    this.tlsFault = details.tlsFault;
    this.mayHaveAccepted = details.mayHaveAccepted ?? false;
  }
}
