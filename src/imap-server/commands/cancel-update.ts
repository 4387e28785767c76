import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';

/** Source: RFC 5267 §4.3.5 */
export const cancelUpdate: Command = {
  when: 'selected',
  tellsExpunges: true,
  async run(session, args) {
    const tags: string[] = [];
    do {
      args.space();
      tags.push(args.string());
    } while (!args.atEnd);
    const { contexts } = session.mailbox;
    if (!tags.every((tag) => contexts.has(tag))) throw new RefusedError('BAD', undefined, 'There is no such search');
    for (const tag of tags) contexts.cancel(tag);
    return undefined;
  },
};
