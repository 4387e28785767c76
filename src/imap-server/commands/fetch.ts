import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { type FetchItem, parseFetchItems } from '../../imap/fetch-items.ts';
import { type PartialRange, parsePartialRange, takePartial } from '../../imap/partial-range.ts';
import { formatNumbers, isWithin, resolveRanges, type SequenceSet } from '../../imap/sequence-set.ts';
import { UnknownEncodingError } from '../../message/transfer-decoder.ts';
import type { RenderedMessageRow } from '../../store/account.ts';
import { flagBits } from '../../store/flags.ts';
import { MailboxNotFoundError, MessageFileError } from '../../store/store-errors.ts';
import type { Command } from '../command.ts';
import {
  columnsOf,
  compileHeaderItems,
  compileRowItems,
  compileWholeItems,
  writeFetchResponse,
} from '../fetch-response.ts';
import { missingUids } from '../missing-uids.ts';
import { Pace } from '../pace.ts';
import { type OkReply, RefusedError } from '../reply.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { Session } from '../session.ts';
import { UidList } from '../uid-list.ts';

/** Source: RFC 9051 §6.4.5, RFC 7162 §3.1.4, RFC 3516 */
export const fetch: Command = {
  when: 'selected',
  tellsExpunges: false,
  byNumber: true,
  run: (session, args) => run(session, args, false),
};

/** Source: RFC 9051 §6.4.9, RFC 7162 §3.2.6 (VANISHED), RFC 9394 §3.3 (PARTIAL) */
export const uidFetch: Command = {
  when: 'selected',
  tellsExpunges: true,
  run: (session, args) => run(session, args, true),
};

/** Messages read from the database at a time. */
const batchSize = 250;
const seen = flagBits['\\Seen'];

async function run(session: Session, args: ArgumentParser, byUid: boolean): Promise<OkReply | undefined> {
  const request = parse(args, byUid);
  const { mailbox } = session;
  if (request.vanished && !session.qresync) throw new RefusedError('BAD', undefined, 'Enable QRESYNC first');
  let uids = mailbox.resolve(request.set, byUid);
  // RFC 9394 §3.4: the range is of the messages named, whether or not they have changed.
  if (request.partial !== undefined) uids = takePartial(uids, request.partial);
  if (request.items.some(({ kind }) => kind === 'MODSEQ')) {
    session.enableCondstore();
    mailbox.noteModseqsShown();
  }
  if (request.changedSince !== undefined) {
    session.enableCondstore();
    uids = await changedUids(session, request, uids);
  }
  // RFC 9586 §3.3: UIDFETCH has the UID anyway.
  const items = (byUid || session.qresync) && !session.uidOnly ? withItem(request.items, 'UID') : request.items;
  return fetchMessages(session, uids, items, byUid);
}

interface Request {
  readonly set: SequenceSet;
  readonly items: FetchItem[];
  readonly changedSince: number | undefined;
  readonly vanished: boolean;
  readonly partial: PartialRange | undefined;
}

function parse(args: ArgumentParser, byUid: boolean): Request {
  args.space();
  const set = args.sequenceSet();
  args.space();
  let items = parseFetchItems(args);
  let changedSince: number | undefined;
  let vanished = false;
  let partial: PartialRange | undefined;
  if (args.takeIf(' ')) {
    args.list(() => {
      switch (args.word()) {
        case 'CHANGEDSINCE':
          args.space();
          changedSince = args.number64();
          return;
        case 'VANISHED':
          vanished = true;
          return;
        case 'PARTIAL':
          args.space();
          if (!byUid || partial !== undefined) args.fail('PARTIAL needs UID FETCH, once');
          partial = parsePartialRange(args);
          return;
      }
      args.fail('Unknown modifier');
    }, 1);
    // RFC 7162 §3.2.6
    if (vanished && (!byUid || changedSince === undefined)) args.fail('VANISHED needs UID FETCH and CHANGEDSINCE');
    if (changedSince !== undefined) items = withItem(items, 'MODSEQ');
  }
  args.end();
  return { set, items, changedSince, vanished, partial };
}

function withItem(items: FetchItem[], kind: 'UID' | 'MODSEQ' | 'FLAGS'): FetchItem[] {
  return items.some((item) => item.kind === kind) ? items : [{ kind }, ...items];
}

/** Those of the messages that changed; and, if asked for, which are gone. */
async function changedUids(session: Session, request: Request, uids: Uint32Array): Promise<Uint32Array> {
  const { mailbox } = session;
  const since = request.changedSince ?? 0;
  const [changes, isKnown, now, live] = await mailbox.account.read(async (reader) => {
    const known = !request.vanished || since >= (await reader.changesKnownSince());
    return [
      await reader.changesSince(mailbox.id, since),
      known,
      await reader.mailboxById(mailbox.id),
      known ? [] : await reader.uids(mailbox.id),
    ];
  });
  const ranges = request.vanished ? resolveRanges(request.set, 0xffff_ffff) : [];
  if (!isKnown) {
    // Those that have come since the client was told last are there, too.
    const { last } = mailbox.uids;
    const all = new UidList(Uint32Array.from([...mailbox.uids.slice(), ...live.filter((uid) => uid > last)]));
    const missing = missingUids(all, ranges, (now?.uidNext ?? 1) - 1);
    if (missing !== '') session.untagged(`VANISHED (EARLIER) ${missing}`);
  } else if (request.vanished) {
    const gone = changes.filter(
      // Who is in the view has a number still: that is told by VANISHED without EARLIER.
      ({ uid, expunged }) => expunged && mailbox.sequenceOf(uid) === 0 && isWithin(ranges, uid),
    );
    if (gone.length > 0) session.untagged(`VANISHED (EARLIER) ${formatNumbers(gone.map(({ uid }) => uid))}`);
  }
  const changed = new Set(changes.map(({ uid }) => uid));
  return uids.filter((uid) => changed.has(uid));
}

async function fetchMessages(
  session: Session,
  uids: Uint32Array,
  items: readonly FetchItem[],
  byUid: boolean,
): Promise<OkReply | undefined> {
  const { out, mailbox } = session;
  const { account } = mailbox;
  // RFC 4314 §4: whoever may not change \Seen reads without leaving a trace.
  const marksSeen =
    (mailbox.changeableFlags.bits & seen) !== 0 && items.some((item) => item.kind === 'section' && !item.peek);
  const rowText = marksSeen ? undefined : compileRowItems(items);
  const writeWhole = marksSeen ? undefined : (compileWholeItems(items) ?? compileHeaderItems(items));
  const columns = columnsOf(items);
  const pace = new Pace();
  let failure: unknown;
  let missing = false;
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = uids.subarray(at, at + batchSize);
    const options = { includeExpunged: true, columns };
    const rows = await account.read((reader) =>
      reader.renderedMessages(mailbox.id, batch, undefined, undefined, options),
    );
    if (rows.length < batch.length) missing = true;
    const newlySeen = marksSeen ? await markSeen(mailbox, rows) : undefined;
    for (const row of rows) {
      if (row.keywords.length > 0) await mailbox.announceKeywords(out, row.keywords);
      const label = mailbox.fetchLabel(row.uid, session);
      if (rowText !== undefined) out.write(`* ${label} (${rowText(row)})\r\n`);
      else {
        try {
          if (writeWhole?.(out, account, label, row) !== true) {
            await writeFetchResponse(out, account, label, row, itemsOf(session, items, newlySeen?.has(row.uid)));
          }
        } catch (error) {
          if (!(error instanceof MessageFileError || error instanceof UnknownEncodingError)) throw error;
          // The file of a message that is gone goes before its row.
          if (error instanceof MessageFileError && (await isGone(mailbox, row.uid))) missing = true;
          else {
            if (error instanceof MessageFileError) {
              session.log.error({ err: error, uid: row.uid }, 'message cannot be read');
            }
            failure = error;
          }
        }
      }
      if (out.full) await out.flush();
      if (pace.over) await pace.turn();
    }
  }
  if (failure !== undefined) throw failure;
  if (missing && !byUid) throw new RefusedError('NO', 'EXPUNGEISSUED', 'Some of the messages are gone');
  return undefined;
}

async function isGone(mailbox: SelectedMailbox, uid: number): Promise<boolean> {
  return (await mailbox.account.read((reader) => reader.messages(mailbox.id, [uid]))).length === 0;
}

/** FETCH that sets \Seen tells the flags, unless they were asked for anyway. */
function itemsOf(session: Session, items: readonly FetchItem[], changed: boolean | undefined): readonly FetchItem[] {
  if (changed !== true) return items;
  const told = withItem([...items], 'FLAGS');
  return session.condstore ? withItem(told, 'MODSEQ') : told;
}

/**
 * Sets \Seen on those of the messages that don't have it, in one change, and puts the new flags into the rows.
 * @returns UIDs of messages whose flags changed
 */
async function markSeen(mailbox: SelectedMailbox, rows: RenderedMessageRow[]): Promise<Set<number>> {
  const unseen = rows.filter((row) => (row.flagBits & seen) === 0);
  if (unseen.length === 0) return new Set();
  const change = await mailbox.account
    .storeFlags(
      mailbox.id,
      unseen.map(({ uid }) => uid),
      { mode: 'add', flags: { bits: seen, keywords: [] } },
    )
    .catch((error: unknown) => {
      if (error instanceof MailboxNotFoundError) return undefined;
      throw error;
    });
  // Somebody has deleted the mailbox: what the client has not been told is gone it can read still.
  if (change === undefined) return new Set();
  const now = new Map(change.changed.map((flags) => [flags.uid, flags]));
  rows.forEach((row, index) => {
    const flags = now.get(row.uid);
    if (flags !== undefined) rows[index] = { ...row, ...flags };
  });
  mailbox.noteOwnChange(change, true);
  return new Set(now.keys());
}
