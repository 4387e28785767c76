import { capabilities } from '../capabilities.ts';
import type { Command } from '../command.ts';

/** Source: RFC 8437 §3 */
export const unauthenticate: Command = {
  when: 'logged-in',
  tellsExpunges: false,
  async run(session, args) {
    args.end();
    session.log.info({}, 'logged out');
    await session.logOut();
    return { code: `CAPABILITY ${capabilities(session)}`, text: 'Logged out' };
  },
};
