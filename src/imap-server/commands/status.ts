import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';
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
    const mailbox = await session.mail.read((reader) => reader.mailbox(name));
    if (mailbox === undefined) throw new RefusedError('NO', 'NONEXISTENT', 'There is no such mailbox');
    if (items.includes('HIGHESTMODSEQ')) session.enableCondstore();
    const text = statusText(session, mailbox, items, await deletedStorage(session, mailbox, items));
    session.untagged(`STATUS ${session.quotedName(mailbox.name)} ${text}`);
    return undefined;
  },
};
