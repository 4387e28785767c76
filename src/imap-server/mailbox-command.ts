import type { ArgumentParser } from '../imap/argument-parser.ts';
import type { ByteText } from '../message/structure.ts';
import type { Command } from './command.ts';
import { findPlace, type MailboxPlace } from './mailbox-place.ts';
import type { Session } from './session.ts';

/** How a client wrote the name of a mailbox, and what that says. */
export interface GivenName {
  readonly supplied: ByteText;
  readonly name: string;
}

type Run<Rest> = (session: Session, place: MailboxPlace, rest: Rest, given: GivenName) => Promise<void>;

/** A command whose one argument names a mailbox, the user's own or another's. */
export function mailboxCommand(
  run: (session: Session, place: MailboxPlace, given: GivenName) => Promise<void>,
): Command {
  return commandOf(
    () => undefined,
    (session, place, _rest, given) => run(session, place, given),
  );
}

/** The same with more arguments. @param parse reads them, from after the space that follows the name */
export function mailboxCommandWith<Rest>(parse: (args: ArgumentParser) => Rest, run: Run<Rest>): Command {
  return commandOf((args) => {
    args.space();
    return parse(args);
  }, run);
}

function commandOf<Rest>(parse: (args: ArgumentParser) => Rest, run: Run<Rest>): Command {
  return {
    when: 'logged-in',
    tellsExpunges: true,
    async run(session, args) {
      args.space();
      const supplied = args.astring();
      const name = session.mailboxName(supplied);
      const rest = parse(args);
      args.end();
      await using place = await findPlace(session, name);
      await run(session, place, rest, { supplied, name });
      return undefined;
    },
  };
}
