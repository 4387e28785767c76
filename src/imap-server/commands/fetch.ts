import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { type FetchItem, parseFetchItems } from '../../imap/fetch-items.ts';
import { type PartialRange, parsePartialRange, takePartial } from '../../imap/partial-range.ts';
import { formatNumbers, isWithin, resolveRanges, type SequenceSet } from '../../imap/sequence-set.ts';
import { UnknownEncodingError } from '../../message/transfer-decoder.ts';
import { flagBits } from '../../store/flags.ts';
import type { RenderedMessageRow } from '../../store/messages/message-rows.ts';
import { MailboxNotFoundError, MessageFileError } from '../../store/store-errors.ts';
import type { Command } from '../command.ts';
import { asksForFlagsOnly, writeFlags } from '../fetch-flags.ts';
import {
  columnsOf,
  compileHeaderItems,
  compileRowItems,
  compileWholeItems,
  writeFetchResponse,
  writerOfWhole,
} from '../fetch-response.ts';
import { type IndexedContent, IndexedItems } from '../indexed-content.ts';
import { missingUids } from '../missing-uids.ts';
import { Pace } from '../pace.ts';
import { ReadAhead } from '../read-ahead.ts';
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
/** Of fewer messages a thread is not worth asking. */
const readAheadFrom = 32;
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
    const known = !request.vanished || since >= (await reader.changes.knownSince());
    return [
      await reader.changes.since(mailbox.id, since),
      known,
      await reader.mailboxes.byId(mailbox.id),
      known ? [] : await reader.uids.all(mailbox.id),
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
  if (asksForFlagsOnly(items)) {
    if (!(await writeFlags(session, uids, items)) && !byUid) throw goneError();
    return undefined;
  }
  const rowText = marksSeen ? undefined : compileRowItems(items);
  const whole = marksSeen || rowText !== undefined ? undefined : compileWholeItems(items);
  const writeFast =
    marksSeen || rowText !== undefined
      ? undefined
      : whole === undefined
        ? compileHeaderItems(items)
        : writerOfWhole(whole);
  using ahead =
    whole === undefined || uids.length < readAheadFrom
      ? undefined
      : new ReadAhead(out, account, whole, session.server.messageReads);
  const columns = columnsOf(items);
  const indexed = IndexedItems.of(account, items);
  const pace = new Pace();
  let failure: unknown;
  let missing = false;
  const noteFailure = async (error: unknown, uid: number): Promise<void> => {
    if (!(error instanceof MessageFileError || error instanceof UnknownEncodingError)) throw error;
    // The file of a message that is gone goes before its row.
    if (error instanceof MessageFileError && (await isGone(mailbox, uid))) missing = true;
    else {
      if (error instanceof MessageFileError) session.log.error({ err: error, uid }, 'message cannot be read');
      failure = error;
    }
  };
  /** @returns undefined when it is written already */
  const write = (
    label: string,
    row: RenderedMessageRow,
    known?: IndexedContent,
    becameSeen?: boolean,
  ): Promise<void> | undefined => {
    try {
      if (writeFast?.(out, account, label, row, known) === true) return undefined;
    } catch (error) {
      return noteFailure(error, row.uid);
    }
    return writeFetchResponse(out, account, label, row, itemsOf(session, items, becameSeen), known).catch(
      (error: unknown) => noteFailure(error, row.uid),
    );
  };
  const writeAhead = async (reads: ReadAhead): Promise<void> => {
    for (const { label, row } of await reads.writeNext()) {
      await write(label, row);
      if (out.full) await out.flush();
    }
  };
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = uids.subarray(at, at + batchSize);
    const { rows, indexedOf } = await readRows(mailbox, batch, columns, indexed);
    if (rows.length < batch.length) missing = true;
    const newlySeen = marksSeen ? await markSeen(mailbox, rows) : undefined;
    for (const found of rows) {
      const row = mailbox.shown(found);
      const label = mailbox.fetchLabel(row.uid, session);
      if (ahead !== undefined && row.keywords.length === 0 && ahead.add(label, row)) {
        if (ahead.isFull) await writeAhead(ahead);
      } else {
        while (ahead?.isEmpty === false) await writeAhead(ahead);
        if (row.keywords.length > 0) await mailbox.announceKeywords(out, row.keywords);
        if (rowText !== undefined) out.write(`* ${label} (${rowText(row)})\r\n`);
        else {
          const writing = write(label, row, indexedOf?.(row.contentId), newlySeen?.has(row.uid));
          if (writing !== undefined) await writing;
        }
        if (out.full) await out.flush();
      }
      if (pace.over) await pace.turn();
    }
  }
  while (ahead?.isEmpty === false) await writeAhead(ahead);
  if (failure !== undefined) throw failure;
  if (missing && !byUid) throw goneError();
  return undefined;
}

function goneError(): RefusedError {
  return new RefusedError('NO', 'EXPUNGEISSUED', 'Some of the messages are gone');
}

/** Where the bytes of a message are: columns that lie beside its structure and all that. */
const placeColumns: ReadonlySet<string> = new Set<keyof RenderedMessageRow>(['prefix', 'fileSizeBytes']);

/** Reads the rows of a batch, and what the index of texts has of it: then where the messages are is read only of those that it lacks. */
async function readRows(
  mailbox: SelectedMailbox,
  uids: Uint32Array,
  columns: readonly (keyof RenderedMessageRow)[],
  indexed: IndexedItems | undefined,
): Promise<{ rows: RenderedMessageRow[]; indexedOf: ((contentId: number) => IndexedContent) | undefined }> {
  const read = (of: Uint32Array, wanted: readonly (keyof RenderedMessageRow)[]): Promise<RenderedMessageRow[]> =>
    mailbox.account.read((reader) =>
      reader.messages.rendered(mailbox.id, of, undefined, undefined, { includeExpunged: true, columns: wanted }),
    );
  if (indexed === undefined) return { rows: await read(uids, columns), indexedOf: undefined };
  if (!indexed.only) {
    const rows = await read(uids, columns);
    return { rows, indexedOf: indexed.read(rows) };
  }
  const rows = await read(
    uids,
    columns.filter((name) => !placeColumns.has(name)),
  );
  const indexedOf = indexed.read(rows);
  const isIn = ({ contentId }: RenderedMessageRow): boolean => indexed.areIn(indexedOf(contentId));
  const others = rows.filter((row) => !isIn(row));
  if (others.length === 0) return { rows, indexedOf };
  const byUid = new Map(
    (
      await read(
        Uint32Array.from(others, ({ uid }) => uid),
        columns,
      )
    ).map((row) => [row.uid, row]),
  );
  // One may be gone since.
  const complete = rows.map((row) => (isIn(row) ? row : byUid.get(row.uid))).filter((row) => row !== undefined);
  return { rows: complete, indexedOf };
}

async function isGone(mailbox: SelectedMailbox, uid: number): Promise<boolean> {
  return (await mailbox.account.read((reader) => reader.messages.rows(mailbox.id, [uid]))).length === 0;
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
  const change = await mailbox.account.messages
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
