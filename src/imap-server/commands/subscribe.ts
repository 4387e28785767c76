import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { normaliseMailboxName } from '../../store/mailbox-name.ts';
import type { Command } from '../command.ts';
import { canonicalName } from '../mailbox-place.ts';
import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.3.7 */
export const subscribe: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  run: (session, args) => set(session, args, true),
};

/** Source: RFC 9051 §6.3.8 */
export const unsubscribe: Command = { ...subscribe, run: (session, args) => set(session, args, false) };

async function set(session: Session, args: ArgumentParser, subscribed: boolean): Promise<undefined> {
  args.space();
  const name = session.mailboxName(args.astring());
  args.end();
  const known = canonicalName(name);
  await session.mail.mailboxes.setSubscribed(known, subscribed);
  session.notifications?.noteOwnSubscription(normaliseMailboxName(known), subscribed);
}
