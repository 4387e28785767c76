import { ConnectionClosedError } from '../../runtime/wire-reader.ts';
import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';

/**
 * Nothing that came before the handshake is carried over: a client that sent more than the command is cut off, as what follows
 * may have been put in by somebody else.
 * Source: RFC 9051 §6.2.1, §11.3
 */
export const starttls: Command = {
  when: 'before-login',
  tellsExpunges: false,
  async run(session, args) {
    args.end();
    const { tls, limits } = session.server;
    // RFC 4978 §3: after compression there is no way back below it.
    if (session.compressed) throw new RefusedError('BAD', undefined, 'Compression is active');
    if (session.tls !== undefined) throw new RefusedError('BAD', undefined, 'TLS is in use already');
    if (!session.startTls || tls === undefined) throw new RefusedError('BAD', undefined, 'TLS is not available here');
    if (session.input.reader.unreadBytes > 0) {
      session.ended = true;
      throw new RefusedError('BAD', undefined, 'Nothing may follow STARTTLS');
    }
    return {
      text: 'Begin TLS now',
      async after() {
        // Bytes that came since the look above were sent before the answer, too.
        if (session.input.reader.detach().length > 0) throw new ConnectionClosedError();
        const { socket } = session;
        socket.allowHalfOpen = false;
        const accepted = tls.accept(socket, limits.imapIdleBeforeLoginMs, { requestCertificate: true });
        session.useTls(await accepted.catch(failed));
      },
    };
  },
};

function failed(error: unknown): never {
  throw new ConnectionClosedError(error);
}
