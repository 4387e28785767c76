import { normaliseMailboxName } from '../../store/mailbox-name.ts';
import type { Command } from '../command.ts';

/** Source: RFC 9051 §6.3.5 */
export const deleteMailbox: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const name = session.mailboxName(args.astring());
    args.end();
    const { selected } = session;
    const deletesSelected =
      selected !== undefined && (await session.mail.read((reader) => reader.mailbox(name)))?.id === selected.id;
    await session.mail.deleteMailbox(name);
    await session.notifications?.noteOwnNames([normaliseMailboxName(name)]);
    if (deletesSelected) {
      session.unselect();
      session.untaggedOk('CLOSED', 'The selected mailbox was deleted');
    }
    return undefined;
  },
};
