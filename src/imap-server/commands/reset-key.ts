import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';

/** Makes void all URLs of a mailbox that were authorised, or of all mailboxes. Source: RFC 4467 §7.1 */
export const resetKey: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    let mailboxId: number | undefined;
    if (!args.atEnd) {
      args.space();
      const name = session.mailboxName(args.astring());
      while (!args.atEnd) {
        args.space();
        if (args.word() !== 'INTERNAL') throw new RefusedError('NO', 'CANNOT', 'The only mechanism is INTERNAL');
      }
      const mailbox = await session.mail.read((reader) => reader.mailboxes.named(name));
      if (mailbox === undefined) throw new RefusedError('NO', 'NONEXISTENT', 'There is no such mailbox');
      mailboxId = mailbox.id;
    }
    await session.mail.mailboxes.removeUrlKeys(mailboxId);
    return { code: 'URLMECH INTERNAL', text: 'URLs are void' };
  },
};
