import { normaliseMailboxName } from '../../store/mailbox-name.ts';
import type { Command } from '../command.ts';

/** Source: RFC 9051 §6.3.6 */
export const rename: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const from = session.mailboxName(args.astring());
    args.space();
    const to = session.mailboxName(args.astring()).replace(/\/$/, '');
    args.end();
    await session.mail.renameMailbox(from, to);
    await session.notifications?.noteOwnNames([normaliseMailboxName(from), normaliseMailboxName(to)]);
    return undefined;
  },
};
