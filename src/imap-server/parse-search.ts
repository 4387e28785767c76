import type { ArgumentParser } from '../imap/argument-parser.ts';
import { parseSearchProgram, parseSearchProgramIn, type SearchKey } from '../imap/search-keys.ts';
import { replyToError } from './error-replies.ts';
import { checkTagIsFree } from './keep-updated.ts';
import { checkFuzzy } from './relevancy.ts';
import { RefusedError } from './reply.ts';
import { requireUidKeys } from './require-uids.ts';
import { hasModseq, namesNumbers } from './search-mailbox.ts';
import { parseReturn, type ReturnOptions, returnAll } from './search-return.ts';
import type { Session } from './session.ts';

/** How SEARCH, SORT and ESEARCH are to be answered. */
export interface SearchRequest {
  readonly tag: string;
  /** Whether RETURN was given, which asks for an ESEARCH response. */
  readonly extended: boolean;
  readonly options: ReturnOptions;
  readonly saves: boolean;
  readonly updates: boolean;
  readonly tellsRelevancy: boolean;
}

/** What SEARCH, SORT, THREAD and ESEARCH look for. */
export interface Wanted {
  readonly key: SearchKey;
  /** Whether MODSEQ of what is found is to be told: RFC 7162 §3.1.5. */
  readonly asksModseq: boolean;
  /** Whether numbers must stay what they are until the command is answered. */
  readonly keepsNumbers: boolean;
}

/** Parses `RETURN (options) `, if it is there. @throws ImapSyntaxError, RefusedError */
export function parseSearchRequest(session: Session, args: ArgumentParser): SearchRequest {
  const extended = args.takeIf('RETURN ');
  const options = extended ? parseReturn(args) : returnAll;
  const tag = args.text.slice(0, args.text.indexOf(' '));
  const has = (name: 'SAVE' | 'UPDATE' | 'RELEVANCY'): boolean => options.names.has(name);
  if (has('UPDATE')) checkTagIsFree(session, tag);
  return { tag, extended, options, saves: has('SAVE'), updates: has('UPDATE'), tellsRelevancy: has('RELEVANCY') };
}

/**
 * Parses what is looked for, to the end of the command. Asking for MODSEQ enables CONDSTORE.
 * @param options.charset whether the command must name one, without the word CHARSET: RFC 5256 §3
 * @param options.fuzzy whether something must be fuzzy, as relevancy is asked for
 * @throws ImapSyntaxError, UnknownCharsetError, RefusedError
 */
export function parseWanted(
  session: Session,
  args: ArgumentParser,
  { charset, fuzzy }: { charset: 'named' | 'optional'; fuzzy: boolean },
): Wanted {
  // RFC 6855 §3
  if (charset === 'optional' && session.utf8Accepted && !session.rev2 && /^CHARSET /i.test(args.rest)) {
    throw new RefusedError('BAD', undefined, 'CHARSET cannot be given after UTF8=ACCEPT');
  }
  const key = charset === 'named' ? parseSearchProgramIn(args) : parseSearchProgram(args);
  requireUidKeys(session, key);
  if (fuzzy) checkFuzzy(key);
  const asksModseq = hasModseq(key);
  if (asksModseq) session.enableCondstore();
  return { key, asksModseq, keepsNumbers: namesNumbers(key) };
}

/** Runs what parses and searches. RFC 9051 §6.4.4.1: NO empties what was saved, BAD leaves it. */
export async function forSaving<Result>(
  session: Session,
  { saves }: Pick<SearchRequest, 'saves'>,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (saves && replyToError(error).status === 'NO') session.mailbox.saved = new Uint32Array(0);
    throw error;
  }
}
