import type { ArgumentParser } from '../../imap/argument-parser.ts';
import type { Command } from '../command.ts';

import { keepUpdated } from '../keep-updated.ts';
import { forSaving, parseSearchRequest, parseWanted } from '../parse-search.ts';
import { Progress } from '../progress.ts';
import { relevancyText } from '../relevancy.ts';
import type { OkReply } from '../reply.ts';
import { searchMailbox } from '../search-mailbox.ts';
import { extendedResponse, highestOf, isTold, savedUids } from '../search-return.ts';

import type { Session } from '../session.ts';
import { writeNumbers } from '../write-numbers.ts';

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
  const request = parseSearchRequest(session, args);
  const { tag, extended, options, saves, updates, tellsRelevancy } = request;
  const correlator = `TAG "${tag}"`;
  const { wanted, found } = await forSaving(session, request, async () => {
    const asked = parseWanted(session, args, { charset: 'optional', fuzzy: tellsRelevancy });
    if (asked.asksModseq) mailbox.noteModseqsShown();
    const nowMs = session.server.clock.now();
    const progress = new Progress(session, args);
    return {
      wanted: asked,
      found: await searchMailbox(mailbox, asked.key, { nowMs, wantsModseqs: asked.asksModseq, progress }),
    };
  });
  const { key, asksModseq, keepsNumbers } = wanted;
  const { uids } = found;
  if (saves) mailbox.saved = savedUids(uids, options);
  const numbers = byUid ? uids : mailbox.uids.sequencesOf(uids);
  if (!extended && !session.rev2) {
    const modseq = asksModseq && uids.length > 0 ? ` (MODSEQ ${highestOf(found.modseqs)})` : '';
    writeNumbers(session.out, 'SEARCH', numbers, modseq);
  } else if (isTold(options)) {
    const relevancy = tellsRelevancy ? relevancyText(found.relevancy, uids) : '';
    const modseqs = asksModseq ? found.modseqs : undefined;
    session.untagged(extendedResponse(correlator, byUid, options, numbers, modseqs) + relevancy);
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
