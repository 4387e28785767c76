import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';
import { parseStatusItems, statusText } from '../status-items.ts';

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
    session.untagged(`STATUS ${session.quotedName(mailbox.name)} ${statusText(session, mailbox, items)}`);
    return undefined;
  },
};
