import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { parseSortKeys } from '../../imap/sort-keys.ts';
import type { Command } from '../command.ts';

import { keepUpdated } from '../keep-updated.ts';
import { forSaving, parseSearchRequest, parseWanted } from '../parse-search.ts';
import { Progress } from '../progress.ts';
import { relevancyText } from '../relevancy.ts';
import type { OkReply } from '../reply.ts';
import { searchMailbox } from '../search-mailbox.ts';
import { extendedResponse, highestOf, isTold, savedUids } from '../search-return.ts';

import type { Session } from '../session.ts';
import { sortMessages } from '../sort-messages.ts';
import { writeNumbers } from '../write-numbers.ts';

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
  const request = parseSearchRequest(session, args);
  const { tag, extended, options, saves, updates, tellsRelevancy } = request;
  const correlator = `TAG "${tag}"`;
  const { order, wanted, found, places, modseqs } = await forSaving(session, request, () =>
    findSorted(session, args, tellsRelevancy),
  );
  const { relevancy } = found;
  const uids = valuesAt(found.uids, places);
  if (saves) mailbox.saved = savedUids(uids, options);
  const numbers = byUid ? uids : valuesAt(mailbox.uids.sequencesOf(found.uids), places);
  if (!extended) {
    const modseq = modseqs !== undefined && uids.length > 0 ? ` (MODSEQ ${highestOf(modseqs)})` : '';
    writeNumbers(session.out, 'SORT', numbers, modseq);
  } else if (isTold(options)) {
    const fits = tellsRelevancy ? relevancyText(relevancy, uids) : '';
    session.untagged(extendedResponse(correlator, byUid, options, numbers, modseqs) + fits);
  }
  if (updates) {
    const { attributes } = options;
    keepUpdated(session, { tag, correlator, byUid, key: wanted.key, order, attributes, found: uids });
  }
  return wanted.keepsNumbers ? { keepsNumbers: true } : undefined;
}

async function findSorted(session: Session, args: ArgumentParser, tellsRelevancy: boolean) {
  const { mailbox } = session;
  const order = parseSortKeys(args);
  args.space();
  const fuzzy = tellsRelevancy || order.some(({ by }) => by === 'RELEVANCY');
  const wanted = parseWanted(session, args, { charset: 'named', fuzzy });
  const wantsModseqs = wanted.asksModseq;
  if (wantsModseqs) mailbox.noteModseqsShown();
  // What is found is gone through once more.
  const progress = new Progress(session, args, { goalKnown: false });
  const nowMs = session.server.clock.now();
  const found = await searchMailbox(mailbox, wanted.key, { nowMs, wantsModseqs, progress });
  const places = await sortMessages(mailbox, found.uids, order, { progress, relevancy: found.relevancy });
  const modseqs = wantsModseqs ? Array.from(places, (place) => found.modseqs?.[place] ?? 1) : undefined;
  return { order, wanted, found, places, modseqs };
}

function valuesAt(values: Uint32Array, places: Uint32Array): Uint32Array {
  const found = new Uint32Array(places.length);
  for (let at = 0; at < places.length; at++) found[at] = values[places[at]!]!;
  return found;
}
