import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { type FetchItem, parseFetchItems } from '../../imap/fetch-items.ts';
import { formatNumbers, resolveRanges, type SequenceSet } from '../../imap/sequence-set.ts';
import { UnknownEncodingError } from '../../message/transfer-decoder.ts';
import type { RenderedMessageRow } from '../../store/account.ts';
import { flagBits } from '../../store/flags.ts';
import { MessageFileError } from '../../store/store-errors.ts';
import type { Command } from '../command.ts';
import { columnsOf, compileRowItems, compileWholeItems, writeFetchResponse } from '../fetch-response.ts';
import { missingUids } from '../missing-uids.ts';
import { Pace } from '../pace.ts';
import { type OkReply, RefusedError } from '../reply.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.4.5, RFC 7162 §3.1.4, RFC 3516 */
export const fetch: Command = {
  when: 'selected',
  tellsExpunges: false,
  run: (session, args) => run(session, args, false),
};

/** Source: RFC 9051 §6.4.9, RFC 7162 §3.2.6 (VANISHED) */
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
  if (request.items.some(({ kind }) => kind === 'MODSEQ')) session.enableCondstore();
  if (request.changedSince !== undefined) {
    session.enableCondstore();
    uids = await changedUids(session, request, uids);
  }
  const items = byUid || session.qresync ? withItem(request.items, 'UID') : request.items;
  return fetchMessages(session, uids, items, byUid);
}

interface Request {
  readonly set: SequenceSet;
  readonly items: FetchItem[];
  readonly changedSince: number | undefined;
  readonly vanished: boolean;
}

function parse(args: ArgumentParser, byUid: boolean): Request {
  args.space();
  const set = args.sequenceSet();
  args.space();
  let items = parseFetchItems(args);
  let changedSince: number | undefined;
  let vanished = false;
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
      }
      args.fail('Unknown modifier');
    }, 1);
    // RFC 7162 §3.2.6
    if (vanished && (!byUid || changedSince === undefined)) args.fail('VANISHED needs UID FETCH and CHANGEDSINCE');
    if (changedSince !== undefined) items = withItem(items, 'MODSEQ');
  }
  args.end();
  return { set, items, changedSince, vanished };
}

function withItem(items: FetchItem[], kind: 'UID' | 'MODSEQ' | 'FLAGS'): FetchItem[] {
  return items.some((item) => item.kind === kind) ? items : [{ kind }, ...items];
}

/** Those of the messages that changed; and, if asked for, which are gone. */
async function changedUids(session: Session, request: Request, uids: Uint32Array): Promise<Uint32Array> {
  const { mailbox } = session;
  const since = request.changedSince ?? 0;
  const [changes, knownSince, now] = await mailbox.account.read(async (reader) => [
    await reader.changesSince(mailbox.id, since),
    await reader.changesKnownSince(),
    await reader.mailboxById(mailbox.id),
  ]);
  const ranges = request.vanished ? resolveRanges(request.set, 0xffff_ffff) : [];
  if (request.vanished && since < knownSince) {
    const missing = missingUids(mailbox.uids, ranges, (now?.uidNext ?? 1) - 1);
    if (missing !== '') session.untagged(`VANISHED (EARLIER) ${missing}`);
  } else if (request.vanished) {
    const gone = changes.filter(
      // Who is in the view has a number still: that is told by VANISHED without EARLIER.
      ({ uid, expunged, createSeq }) =>
        expunged && createSeq <= since && mailbox.sequenceOf(uid) === 0 && lies(uid, ranges),
    );
    if (gone.length > 0) session.untagged(`VANISHED (EARLIER) ${formatNumbers(gone.map(({ uid }) => uid))}`);
  }
  const changed = new Set(changes.map(({ uid }) => uid));
  return uids.filter((uid) => changed.has(uid));
}

function lies(uid: number, ranges: readonly number[]): boolean {
  for (let at = 0; at < ranges.length; at += 2) if (uid >= ranges[at] && uid <= ranges[at + 1]) return true;
  return false;
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
  const writeWhole = marksSeen ? undefined : compileWholeItems(items);
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
      const sequence = mailbox.sequenceOf(row.uid);
      if (rowText !== undefined) out.write(`* ${sequence} FETCH (${rowText(row)})\r\n`);
      else {
        try {
          if (writeWhole?.(out, account, sequence, row) !== true) {
            await writeFetchResponse(out, account, sequence, row, itemsOf(session, items, newlySeen?.has(row.uid)));
          }
        } catch (error) {
          if (!(error instanceof MessageFileError || error instanceof UnknownEncodingError)) throw error;
          if (error instanceof MessageFileError)
            session.log.error({ err: error, uid: row.uid }, 'message cannot be read');
          failure = error;
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
  const change = await mailbox.account.storeFlags(
    mailbox.id,
    unseen.map(({ uid }) => uid),
    { mode: 'add', flags: { bits: seen, keywords: [] } },
  );
  const now = new Map(change.changed.map((flags) => [flags.uid, flags]));
  rows.forEach((row, index) => {
    const flags = now.get(row.uid);
    if (flags !== undefined) rows[index] = { ...row, ...flags };
  });
  mailbox.noteOwnChange(change, true);
  return new Set(now.keys());
}
