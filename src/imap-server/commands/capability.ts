import { capabilities } from '../capabilities.ts';
import type { Command } from '../command.ts';

/** Source: RFC 9051 §6.1.1 */
export const capability: Command = {
  when: 'always',
  tellsExpunges: true,
  async run(session, args) {
    args.end();
    session.untagged(`CAPABILITY ${capabilities(session)}`);
    return undefined;
  },
};
