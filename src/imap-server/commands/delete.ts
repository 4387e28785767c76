import { normaliseMailboxName } from '../../store/mailbox-name.ts';
import { mailboxCommand } from '../mailbox-command.ts';
import { tellOldName } from '../old-name.ts';

/** Source: RFC 9051 §6.3.5 */
export const deleteMailbox = mailboxCommand(async (session, place, { supplied, name }) => {
  const { mailbox } = await place.require('x');
  const deletesSelected = session.hasSelected(place.account, mailbox.id);
  await place.account.mailboxes.delete(place.name);
  if (place.access === undefined) await session.notifications?.noteOwnNames([normaliseMailboxName(place.name)]);
  tellOldName(session, supplied, name, '\\NonExistent');
  if (deletesSelected) {
    session.unselect();
    session.untaggedOk('CLOSED', 'The selected mailbox was deleted');
  }
});
