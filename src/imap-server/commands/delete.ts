import { normaliseMailboxName } from '../../store/mailbox-name.ts';
import type { Command } from '../command.ts';
import { findPlace } from '../mailbox-place.ts';
import { tellOldName } from '../old-name.ts';

/** Source: RFC 9051 §6.3.5 */
export const deleteMailbox: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const supplied = args.astring();
    const name = session.mailboxName(supplied);
    args.end();
    await using place = await findPlace(session, name);
    const { mailbox } = await place.require('x');
    const deletesSelected = session.hasSelected(place.account, mailbox.id);
    await place.account.deleteMailbox(place.name);
    if (place.access === undefined) await session.notifications?.noteOwnNames([normaliseMailboxName(place.name)]);
    tellOldName(session, supplied, name, '\\NonExistent');
    if (deletesSelected) {
      session.unselect();
      session.untaggedOk('CLOSED', 'The selected mailbox was deleted');
    }
    return undefined;
  },
};
