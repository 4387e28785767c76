import type { ArgumentParser } from '../imap/argument-parser.ts';
import type { OkReply } from './reply.ts';
import type { Session } from './session.ts';

/** One IMAP command. */
export interface Command {
  /** The states in which it may be given (RFC 9051 §3). */
  readonly when: 'always' | 'before-login' | 'logged-in' | 'selected';
  /**
   * Whether other sessions' expunges may be told before the answer: never in the answer to FETCH, STORE and SEARCH by message
   * number, whose numbers would lose their meaning (RFC 9051 §7.5.1).
   */
  readonly tellsExpunges: boolean;
  /** Its arguments or its answer are message numbers: refused after ENABLE UIDONLY (RFC 9586 §3.2). */
  readonly byNumber?: boolean;
  /** Given in a selected mailbox, and also when that is another's that may not be read any more. */
  readonly leavesMailbox?: true;
  /**
   * Parses the arguments, to their end, and does the work.
   * @param args stands before the first space after the command's name
   * @throws ImapSyntaxError, RefusedError, errors of the store
   */
  run(session: Session, args: ArgumentParser): Promise<OkReply | undefined>;
}
