import type { Command } from '../command.ts';
import { othersRoot } from '../mailbox-place.ts';

/** One personal namespace without a prefix, and what other accounts share. Source: RFC 9051 §6.3.10 */
export const namespace: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.end();
    session.untagged(`NAMESPACE (("" "/")) (("${othersRoot}/" "/")) NIL`);
    return undefined;
  },
};
