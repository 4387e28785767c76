import type { ArgumentParser } from '../imap/argument-parser.ts';
import { parseSearchProgram, type SearchKey } from '../imap/search-keys.ts';
import { RefusedError } from './reply.ts';
import { requireUidKeys } from './require-uids.ts';
import type { Session } from './session.ts';

/** What to look for, to the end of the command. @throws ImapSyntaxError, UnknownCharsetError, RefusedError */
export function parseSearch(session: Session, args: ArgumentParser): SearchKey {
  // RFC 6855 §3
  if (session.utf8Accepted && !session.rev2 && /^CHARSET /i.test(args.rest)) {
    throw new RefusedError('BAD', undefined, 'CHARSET cannot be given after UTF8=ACCEPT');
  }
  const key = parseSearchProgram(args);
  requireUidKeys(session, key);
  return key;
}
