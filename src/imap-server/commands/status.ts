import { mailboxCommandWith } from '../mailbox-command.ts';
import { countForStatus, parseStatusItems, statusText } from '../status-items.ts';

/** Source: RFC 9051 §6.3.11 */
export const status = mailboxCommandWith(parseStatusItems, async (session, place, items) => {
  const { mailbox } = await place.require('r');
  if (items.includes('HIGHESTMODSEQ')) session.enableCondstore();
  const text = statusText(session, mailbox, items, await countForStatus(session, place.account, mailbox, items));
  session.untagged(`STATUS ${session.quotedName(place.nameOf(mailbox))} ${text}`);
});
