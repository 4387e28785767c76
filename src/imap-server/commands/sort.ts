import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { parseSearchProgramIn, type SearchKey } from '../../imap/search-keys.ts';
import { parseSortKeys, type SortKey } from '../../imap/sort-keys.ts';
import type { Command } from '../command.ts';
import { replyToError } from '../error-replies.ts';

import { checkTagIsFree, keepUpdated } from '../keep-updated.ts';
import { Progress } from '../progress.ts';
import { checkFuzzy, type Relevancy, relevancyText } from '../relevancy.ts';
import type { OkReply } from '../reply.ts';
import { requireUidKeys } from '../require-uids.ts';
import { hasModseq, namesNumbers, searchMailbox } from '../search-mailbox.ts';
import { extendedResponse, highestOf, isTold, parseReturn, savedUids } from '../search-return.ts';

import type { Session } from '../session.ts';
import { sortMessages } from '../sort-messages.ts';

/** Source: RFC 5256 §3, RFC 5267 §3 and §4 (RETURN), RFC 7162 §3.1.5 (MODSEQ), RFC 6203 §6 (RELEVANCY) */
export const sort: Command = {
  when: 'selected',
  tellsExpunges: false,
  byNumber: true,
  run: (session, args) => run(session, args, false),
};

export const uidSort: Command = {
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
  let order: SortKey[];
  let wanted: SearchKey;
  let uids: Uint32Array;
  let modseqs: number[] | undefined;
  let relevancy: Relevancy | undefined;
  let keepsNumbers = false;
  try {
    order = parseSortKeys(args);
    args.space();
    wanted = parseSearchProgramIn(args);
    requireUidKeys(session, wanted);
    const tellsRelevancy = options?.names.has('RELEVANCY') === true;
    if (tellsRelevancy || order.some(({ by }) => by === 'RELEVANCY')) checkFuzzy(wanted);
    const wantsModseqs = hasModseq(wanted);
    keepsNumbers = namesNumbers(wanted);
    if (wantsModseqs) {
      session.enableCondstore();
      mailbox.noteModseqsShown();
    }
    // What is found is gone through once more.
    const progress = new Progress(session, args, { goalKnown: false });
    const nowMs = session.server.clock.now();
    const found = await searchMailbox(mailbox, wanted, { nowMs, wantsModseqs, progress });
    const places = await sortMessages(mailbox, found.uids, order, { progress, relevancy: found.relevancy });
    if (tellsRelevancy) relevancy = found.relevancy;
    uids = places.map((place) => found.uids[place]!);
    if (wantsModseqs) modseqs = Array.from(places, (place) => found.modseqs?.[place] ?? 1);
  } catch (error) {
    if (saves && replyToError(error).status === 'NO') mailbox.saved = new Uint32Array(0);
    throw error;
  }
  if (saves) mailbox.saved = savedUids(uids, options);
  const numbers = byUid ? uids : uids.map((uid) => mailbox.sequenceOf(uid));
  if (options === undefined) {
    const modseq = modseqs !== undefined && uids.length > 0 ? ` (MODSEQ ${highestOf(modseqs)})` : '';
    session.untagged(`SORT${numbers.length === 0 ? '' : ` ${numbers.join(' ')}`}${modseq}`);
  } else if (isTold(options)) {
    session.untagged(extendedResponse(correlator, byUid, options, numbers, modseqs) + relevancyText(relevancy, uids));
  }
  if (updates) {
    const { attributes } = options;
    keepUpdated(session, { tag, correlator, byUid, key: wanted, order, attributes, found: uids });
  }
  return keepsNumbers ? { keepsNumbers } : undefined;
}
