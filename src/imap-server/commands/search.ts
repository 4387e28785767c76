import type { ArgumentParser } from '../../imap/argument-parser.ts';
import type { SearchKey } from '../../imap/search-keys.ts';
import type { Command } from '../command.ts';
import { replyToError } from '../error-replies.ts';

import { checkTagIsFree, keepUpdated } from '../keep-updated.ts';
import { parseSearch } from '../parse-search.ts';
import { Progress } from '../progress.ts';
import { checkFuzzy, relevancyText } from '../relevancy.ts';
import type { OkReply } from '../reply.ts';
import { type Found, hasModseq, namesNumbers, searchMailbox } from '../search-mailbox.ts';
import { extendedResponse, highestOf, isTold, parseReturn, returnAll, savedUids } from '../search-return.ts';

import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 7162 §3.1.5, RFC 9394 §3.1 (PARTIAL), RFC 5267 §4 (UPDATE), RFC 6203 §4 (RELEVANCY) */
export const search: Command = {
  when: 'selected',
  tellsExpunges: false,
  byNumber: true,
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
  const tag = args.text.slice(0, args.text.indexOf(' '));
  const correlator = `TAG "${tag}"`;
  const updates = options?.names.has('UPDATE') === true;
  if (updates) checkTagIsFree(session, tag);
  const saves = options?.names.has('SAVE') === true;
  let key: SearchKey;
  let found: Found;
  let asksModseq = false;
  let keepsNumbers = false;
  try {
    key = parseSearch(session, args);
    if (options?.names.has('RELEVANCY') === true) checkFuzzy(key);
    asksModseq = hasModseq(key);
    keepsNumbers = namesNumbers(key);
    if (asksModseq) {
      session.enableCondstore();
      mailbox.noteModseqsShown();
    }
    found = await searchMailbox(mailbox, key, {
      nowMs: session.server.clock.now(),
      wantsModseqs: asksModseq,
      progress: new Progress(session, args),
    });
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
  } else if (options === undefined || isTold(options)) {
    const relevancy = options?.names.has('RELEVANCY') === true ? relevancyText(found.relevancy, uids) : '';
    const modseqs = asksModseq ? found.modseqs : undefined;
    session.untagged(extendedResponse(correlator, byUid, options ?? returnAll, numbers, modseqs) + relevancy);
  }
  if (updates) {
    keepUpdated(session, {
      tag,
      correlator,
      byUid,
      key,
      order: undefined,
      attributes: options.attributes,
      found: uids,
    });
  }
  // RFC 2180 §4.3, RFC 5530 §3: it may have looked for what is gone.
  if (!byUid && (await mailbox.hasUntoldExpunges())) return { code: 'EXPUNGEISSUED', keepsNumbers };
  return keepsNumbers ? { keepsNumbers } : undefined;
}
