import type { Command } from '../command.ts';

/** One personal namespace without a prefix. Source: RFC 9051 §6.3.10 */
export const namespace: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.end();
    session.untagged('NAMESPACE (("" "/")) NIL NIL');
    return undefined;
  },
};
