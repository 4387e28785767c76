import { parseNotify, supportedEvents } from '../../imap/event-groups.ts';
import type { Command } from '../command.ts';
import { Notifications } from '../notifications.ts';
import { RefusedError } from '../reply.ts';
import { allSelectedEvents } from '../selected-events.ts';

/** Source: RFC 5465 §3.1 */
export const notify: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const request = parseNotify(args);
    if (request !== undefined && request.unsupported.length > 0) {
      throw new RefusedError('NO', `BADEVENT (${supportedEvents.join(' ')})`, 'There are no such events');
    }
    const { imapNotifyGroups, imapNotifyMailboxes } = session.server.limits;
    if (request !== undefined && request.groups.length > imapNotifyGroups) {
      throw new RefusedError('NO', 'NOTIFICATIONOVERFLOW', 'Too many groups of events');
    }
    const { notifications, mailboxes } = await Notifications.start(session, request?.groups ?? []);
    try {
      if (mailboxes.length > imapNotifyMailboxes) {
        throw new RefusedError('NO', 'NOTIFICATIONOVERFLOW', 'There are too many mailboxes');
      }
      // What has gathered is told, whatever the client wants from now on.
      if (request !== undefined) await session.selected?.tell(session, true, allSelectedEvents);
      if (request?.groups.some(({ fetchItems }) => fetchItems.some(({ kind }) => kind === 'MODSEQ'))) {
        session.enableCondstore();
      }
      for (const mailbox of request?.status === true ? mailboxes : []) {
        const status = notifications.firstStatus(mailbox);
        if (status !== undefined) session.untagged(status);
        if (session.out.full) await session.out.flush();
      }
    } catch (error) {
      await notifications[Symbol.asyncDispose]();
      throw error;
    }
    await session.notifications?.[Symbol.asyncDispose]();
    session.notifications = notifications;
    return undefined;
  },
};
