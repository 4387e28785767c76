import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { parseSearchProgramIn } from '../../imap/search-keys.ts';
import { parseSortKeys } from '../../imap/sort-keys.ts';
import type { Command } from '../command.ts';
import { replyToError } from '../error-replies.ts';
import type { OkReply } from '../reply.ts';
import { hasModseq, namesNumbers, searchMailbox } from '../search-mailbox.ts';
import { extendedResponse, highestOf, parseReturn, savedUids } from '../search-return.ts';
import type { Session } from '../session.ts';
import { sortMessages } from '../sort-messages.ts';

/** Source: RFC 5256 §3, RFC 5267 §3 (RETURN), RFC 7162 §3.1.5 (MODSEQ) */
export const sort: Command = {
  when: 'selected',
  tellsExpunges: false,
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
  const saves = options?.has('SAVE') === true;
  let uids: Uint32Array;
  let modseqs: number[] | undefined;
  let keepsNumbers = false;
  try {
    const keys = parseSortKeys(args);
    args.space();
    const wanted = parseSearchProgramIn(args);
    const wantsModseqs = hasModseq(wanted);
    keepsNumbers = namesNumbers(wanted);
    if (wantsModseqs) session.enableCondstore();
    const found = await searchMailbox(mailbox, wanted, { nowMs: session.server.clock.now(), wantsModseqs });
    const places = await sortMessages(mailbox, found.uids, keys);
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
  } else if (!(saves && options.size === 1)) {
    const tag = args.text.slice(0, args.text.indexOf(' '));
    session.untagged(extendedResponse(tag, byUid, options, numbers, modseqs));
  }
  return keepsNumbers ? { keepsNumbers } : undefined;
}
