import type { Command } from '../command.ts';
import { findPlace } from '../mailbox-place.ts';
import { deletedStorage, parseStatusItems, statusText } from '../status-items.ts';

/** Source: RFC 9051 §6.3.11 */
export const status: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const name = session.mailboxName(args.astring());
    args.space();
    const items = parseStatusItems(args);
    args.end();
    await using place = await findPlace(session, name);
    const { mailbox } = await place.require('r');
    if (items.includes('HIGHESTMODSEQ')) session.enableCondstore();
    const text = statusText(session, mailbox, items, await deletedStorage(place.account, mailbox, items));
    session.untagged(`STATUS ${session.quotedName(place.nameOf(mailbox))} ${text}`);
    return undefined;
  },
};
