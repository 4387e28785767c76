import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';

/** Source: RFC 4978 §3 */
export const compress: Command = {
  when: 'logged-in',
  tellsExpunges: false,
  async run(session, args) {
    args.space();
    const mechanism = args.word();
    args.end();
    if (mechanism !== 'DEFLATE') throw new RefusedError('NO', undefined, 'There is no such way to compress');
    if (session.compressed) throw new RefusedError('NO', 'COMPRESSIONACTIVE', 'Compression is active already');
    if (session.input.reader.unreadBytes > 0) {
      session.ended = true;
      throw new RefusedError('BAD', undefined, 'Nothing may follow COMPRESS before its answer');
    }
    return {
      text: 'Compression begins now',
      async after() {
        // The client may have read the answer already, and begun.
        session.useDeflate(session.input.reader.detach());
      },
    };
  },
};
