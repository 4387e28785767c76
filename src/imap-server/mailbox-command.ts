import type { ArgumentParser } from '../imap/argument-parser.ts';
import type { Command } from './command.ts';
import { findPlace, type MailboxPlace } from './mailbox-place.ts';
import type { Session } from './session.ts';

/** A command whose one argument names a mailbox, the user's own or another's. */
export function mailboxCommand(run: (session: Session, place: MailboxPlace) => Promise<void>): Command {
  return {
    when: 'logged-in',
    tellsExpunges: true,
    async run(session, args) {
      args.space();
      const name = session.mailboxName(args.astring());
      args.end();
      await using place = await findPlace(session, name);
      await run(session, place);
      return undefined;
    },
  };
}

/** The same with more arguments. @param parse reads them, from after the space that follows the name */
export function mailboxCommandWith<Rest>(
  parse: (args: ArgumentParser) => Rest,
  run: (session: Session, place: MailboxPlace, rest: Rest) => Promise<void>,
): Command {
  return {
    when: 'logged-in',
    tellsExpunges: true,
    async run(session, args) {
      args.space();
      const name = session.mailboxName(args.astring());
      args.space();
      const rest = parse(args);
      args.end();
      await using place = await findPlace(session, name);
      await run(session, place, rest);
      return undefined;
    },
  };
}
