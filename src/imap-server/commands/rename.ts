import { quote } from '../../imap/quote.ts';
import { normaliseMailboxName } from '../../store/mailbox-name.ts';
import type { Command } from '../command.ts';
import { findPlace, findPlaceToCreate } from '../mailbox-place.ts';
import { oldName } from '../old-name.ts';
import { RefusedError } from '../reply.ts';

/** Source: RFC 9051 §6.3.6 */
export const rename: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const suppliedFrom = args.astring();
    const from = session.mailboxName(suppliedFrom);
    args.space();
    const suppliedTo = args.astring();
    const to = session.mailboxName(suppliedTo).replace(/\/$/, '');
    args.end();
    await using source = await findPlace(session, from);
    const { mailbox } = await source.require('x');
    await source.requireBelow(mailbox, 'x');
    await using target = await findPlaceToCreate(session, to);
    if (source.account.name !== target.account.name) {
      throw new RefusedError('NO', 'CANNOT', 'A mailbox cannot go to another account');
    }
    // Renaming an inbox takes all messages out of it.
    if (source.access !== undefined && mailbox.name === 'Inbox') {
      throw new RefusedError('NO', 'CANNOT', 'Every account has an inbox');
    }
    await source.account.mailboxes.rename(source.name, target.name);
    if (source.access === undefined) {
      await session.notifications?.noteOwnNames([source.name, target.name].map(normaliseMailboxName));
    }
    if (oldName(session, suppliedFrom, from) !== '' || oldName(session, suppliedTo, to) !== '') {
      session.untagged(`LIST () "/" ${session.quotedName(to)} ("OLDNAME" (${quote(suppliedFrom, true)}))`);
    }
    return undefined;
  },
};
