import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { parseSearchProgram } from '../../imap/search-keys.ts';
import type { Command } from '../command.ts';
import { replyToError } from '../error-replies.ts';
import { type OkReply, RefusedError } from '../reply.ts';
import { type Found, hasModseq, namesNumbers, searchMailbox } from '../search-mailbox.ts';
import { extendedResponse, highestOf, parseReturn, savedUids } from '../search-return.ts';
import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 7162 §3.1.5 */
export const search: Command = {
  when: 'selected',
  tellsExpunges: false,
  run: (session, args) => run(session, args, false),
};

/** Source: RFC 9051 §6.4.9 */
export const uidSearch: Command = {
  when: 'selected',
  tellsExpunges: true,
  run: (session, args) => run(session, args, true),
};

async function run(session: Session, args: ArgumentParser, byUid: boolean): Promise<OkReply | undefined> {
  const { mailbox } = session;
  args.space();
  const options = args.takeIf('RETURN ') ? parseReturn(args) : undefined;
  // RFC 6855 §3
  if (session.utf8Accepted && !session.rev2 && /^CHARSET /i.test(args.rest)) {
    throw new RefusedError('BAD', undefined, 'CHARSET cannot be given after UTF8=ACCEPT');
  }
  const saves = options?.has('SAVE') === true;
  let found: Found;
  let asksModseq = false;
  let keepsNumbers = false;
  try {
    const key = parseSearchProgram(args);
    asksModseq = hasModseq(key);
    keepsNumbers = namesNumbers(key);
    if (asksModseq) session.enableCondstore();
    found = await searchMailbox(mailbox, key, { nowMs: session.server.clock.now(), wantsModseqs: asksModseq });
  } catch (error) {
    // RFC 9051 §6.4.4.1: NO empties what was saved, BAD leaves it.
    if (saves && replyToError(error).status === 'NO') mailbox.saved = new Uint32Array(0);
    throw error;
  }
  const { uids } = found;
  if (saves) mailbox.saved = savedUids(uids, options);
  const numbers = byUid ? uids : uids.map((uid) => mailbox.sequenceOf(uid));
  if (options === undefined && !session.rev2) {
    const modseq = asksModseq && uids.length > 0 ? ` (MODSEQ ${highestOf(found.modseqs)})` : '';
    session.untagged(`SEARCH${numbers.length === 0 ? '' : ` ${numbers.join(' ')}`}${modseq}`);
  } else if (!(saves && options.size === 1)) {
    const tag = args.text.slice(0, args.text.indexOf(' '));
    session.untagged(
      extendedResponse(tag, byUid, options ?? new Set(['ALL']), numbers, asksModseq ? found.modseqs : undefined),
    );
  }
  return keepsNumbers ? { keepsNumbers } : undefined;
}
