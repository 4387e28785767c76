import type { Command } from '../command.ts';
import { RefusedError, statusLine } from '../reply.ts';

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
    if (session.tls !== undefined) throw new RefusedError('BAD', undefined, 'TLS is in use already');
    if (!session.startTls || tls === undefined) throw new RefusedError('BAD', undefined, 'TLS is not available here');
    const tag = args.text.slice(0, args.text.indexOf(' '));
    if (session.input.reader.unreadBytes > 0) {
      session.ended = true;
      throw new RefusedError('BAD', undefined, 'Nothing may follow STARTTLS');
    }
    session.out.write(statusLine(tag, 'OK', undefined, 'Begin TLS now'));
    await session.out.drain();
    const early = session.input.reader.detach();
    if (early.length > 0) {
      session.ended = true;
      session.socket.destroy();
      return undefined;
    }
    session.useTls(await tls.accept(session.socket, limits.imapIdleBeforeLoginMs));
    return undefined;
  },
};
