import { MailboxNotFoundError } from '../../store/store-errors.ts';
import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';

/** Source: RFC 9051 §6.4.1 */
export const close: Command = {
  when: 'selected',
  tellsExpunges: false,
  leavesMailbox: true,
  async run(session, args) {
    args.end();
    const { mailbox } = session;
    // RFC 4314 §4: without the right to expunge, it is closed all the same; where rights can't be read, nothing is expunged by old ones.
    await mailbox.renewRights(session.out).catch((error: unknown) => {
      if (!(error instanceof RefusedError)) throw error;
    });
    const expunges = !mailbox.examined && mailbox.rights.includes('e');
    try {
      if (expunges) await mailbox.account.messages.expunge(mailbox.id, mailbox.uids.slice(), 'deleted');
    } catch (error) {
      // Deleted by somebody else, with its messages.
      if (!(error instanceof MailboxNotFoundError)) throw error;
    }
    session.unselect();
    return undefined;
  },
};

/** Source: RFC 9051 §6.4.2 */
export const unselect: Command = {
  when: 'selected',
  tellsExpunges: false,
  leavesMailbox: true,
  async run(session, args) {
    args.end();
    session.unselect();
    return undefined;
  },
};
