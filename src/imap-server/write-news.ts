import { type FetchItem, joinItems } from '../imap/fetch-items.ts';
import { formatNumbers } from '../imap/sequence-set.ts';
import type { MessageChange } from '../store/messages/change-reader.ts';
import type { Audience } from './audience.ts';
import { FlagResponses } from './flag-responses.ts';
import type { MailboxNews } from './mailbox-news.ts';
import { Pace } from './pace.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { writeFetched } from './write-fetched.ts';

/** Changes that are told between two looks at the time. */
const toldBetweenLooks = 16;

/** EXPUNGE responses, or VANISHED. @param gone ascending, in the view still */
export async function writeGone(
  { out, qresync, uidOnly }: Audience,
  mailbox: SelectedMailbox,
  gone: readonly number[],
): Promise<void> {
  const pace = new Pace();
  if (qresync || uidOnly) out.write(`* VANISHED ${formatNumbers(gone)}\r\n`);
  else {
    for (const [before, uid] of gone.entries()) {
      out.write(`* ${mailbox.sequenceOf(uid) - before} EXPUNGE\r\n`);
      if (out.full) await out.flush();
      if (pace.over) await pace.turn();
    }
  }
}

/** FETCH responses of flags that have changed. @param changed at least one */
export async function writeFlagChanges(
  audience: Audience,
  mailbox: SelectedMailbox,
  changed: readonly MessageChange[],
): Promise<void> {
  const { out } = audience;
  const pace = new Pace();
  mailbox.noteModseqsShown();
  let told = 0;
  const { uidOnly, condstore } = audience;
  const responses = new FlagResponses(out, changed.length, { uidOnly, uid: true, flags: true, modseq: condstore });
  for (const change of changed) {
    if (change.keywords.length > 0) await mailbox.announceKeywords(out, change.keywords);
    responses.write(uidOnly ? 0 : mailbox.sequenceOf(change.uid), mailbox.shown(change));
    if (out.full) await out.flush();
    if (++told % toldBetweenLooks === 0 && pace.over) await pace.turn();
  }
}

/**
 * Tells how results of searches change, and what the client wants to know of new messages: before the results what only those
 * searches ask for (RFC 5465 §7), after them what is asked for of all (§5.2).
 */
export async function writeResults(
  audience: Audience,
  mailbox: SelectedMailbox,
  news: Pick<MailboxNews, 'added' | 'ownAdded' | 'changed'>,
  ofAllNew: readonly FetchItem[],
): Promise<void> {
  const { out } = audience;
  const changed = news.changed.map(({ uid }) => uid);
  const { responses, attributes } = await mailbox.contexts.look(
    { added: news.added, changed },
    audience.server.clock.now(),
  );
  const own = new Set(news.ownAdded);
  const wanted = new Map<number, readonly FetchItem[]>();
  for (const uid of news.added) {
    const items = joinItems(ofAllNew, attributes.get(uid) ?? []);
    if (items.length === 0 || own.has(uid)) continue;
    // RFC 7162 §3.2.3: the UID is in every FETCH response.
    wanted.set(uid, audience.qresync && !audience.uidOnly ? joinItems([{ kind: 'UID' }], items) : items);
  }
  if ([...wanted.values()].some((items) => items.some(({ kind }) => kind === 'MODSEQ'))) mailbox.noteModseqsShown();
  if (ofAllNew.length === 0) await writeFetched(audience, mailbox, wanted);
  for (const response of responses) {
    out.write(`* ${response}\r\n`);
    if (out.full) await out.flush();
  }
  if (ofAllNew.length > 0) await writeFetched(audience, mailbox, wanted);
}
