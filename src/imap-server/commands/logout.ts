import type { Command } from '../command.ts';

/** Source: RFC 9051 §6.1.3 */
export const logout: Command = {
  when: 'always',
  tellsExpunges: false,
  async run(session, args) {
    args.end();
    session.untagged('BYE Logging out');
    session.ended = true;
    return { text: 'Logged out' };
  },
};
