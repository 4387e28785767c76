import { parseDateTime } from '../imap/date-time.ts';
import { ImapResponseError, type ResponseValue } from '../imap/response-parser.ts';
import { formatNumbers } from '../imap/sequence-set.ts';
import { limits } from '../runtime/limits.ts';
import type { ImapSession, UntaggedResponse } from './imap-session.ts';
import type { IncomingBody } from './response-reader.ts';

/** What FETCH says of a message, by item in upper case. */
type FetchItems = ReadonlyMap<string, ResponseValue>;

/** A message in a list of a mailbox. */
export interface ListedMessage {
  readonly uid: number;
  /** 0: the server doesn't say. */
  readonly sizeBytes: number;
  /** Undefined when they were not asked for. */
  readonly flags: readonly string[] | undefined;
  /** Labels of Gmail; undefined when they were not asked for. */
  readonly labels: readonly string[] | undefined;
}

/**
 * Tells of the messages of the mailbox that is open, from a UID on, in the order in which the server has them.
 * @param options.changedSince only those whose flags have changed after this MODSEQ (RFC 7162 §3.1.4.1)
 * Source: RFC 9051 §6.4.9
 */
export async function listMessages(
  session: ImapSession,
  options: { from: number; flags?: boolean; labels?: boolean; changedSince?: string | undefined },
  each: (message: ListedMessage) => void | Promise<void>,
): Promise<void> {
  const { from, flags = false, labels = false, changedSince } = options;
  const items = ['UID', 'RFC822.SIZE', ...(flags ? ['FLAGS'] : []), ...(labels ? ['X-GM-LABELS'] : [])].join(' ');
  const since = changedSince === undefined ? '' : ` (CHANGEDSINCE ${changedSince})`;
  let count = 0;
  await session.command(`UID FETCH ${from}:* (${items})${since}`, {
    async onUntagged(response) {
      const found = itemsOf(response);
      const uid = found === undefined ? undefined : uidOf(found);
      // RFC 9051 §9: `*` is the last message even when its UID is below.
      if (found === undefined || uid === undefined || uid < from) return;
      if (++count > limits.importMailboxMessages) throw new ImapResponseError('there is no end to its messages');
      const sizeBytes = Number(found.get('RFC822.SIZE') ?? 0) || 0;
      const labelled = labels ? texts(found.get('X-GM-LABELS')) : undefined;
      await each({ uid, sizeBytes, flags: flags ? texts(found.get('FLAGS')) : undefined, labels: labelled });
    },
  });
}

/** A message that came whole. */
export interface FetchedMessage<Content> {
  readonly uid: number;
  readonly flags: readonly string[];
  /** INTERNALDATE, milliseconds; undefined when it is none. */
  readonly receivedAt: number | undefined;
  readonly content: Content;
}

export interface MessageTaker<Content> {
  /** Takes the bytes of a message, before it is known which it is. */
  take(body: IncomingBody): Promise<Content>;
  /** Takes the rest. What it does not get goes to `drop`. */
  message(message: FetchedMessage<Content>): Promise<void>;
  drop(content: Content): Promise<void>;
}

/**
 * Fetches messages as they are, without setting \Seen. Those that are gone don't come.
 * @param uids ascending
 * @throws ImapRefusedError, ImapConnectionError, what the taker throws: what came before was handed over
 * Source: RFC 9051 §6.4.5
 */
export async function fetchMessages<Content>(
  session: ImapSession,
  uids: readonly number[],
  taker: MessageTaker<Content>,
): Promise<void> {
  const wanted = new Set(uids);
  let taken: { content: Content } | undefined;
  const dropTaken = async (): Promise<void> => {
    const before = taken;
    taken = undefined;
    if (before !== undefined) await taker.drop(before.content);
  };
  try {
    await session.command(`UID FETCH ${formatNumbers(uids)} (UID FLAGS INTERNALDATE BODY.PEEK[])`, {
      async onBody(body) {
        await dropTaken();
        taken = { content: await taker.take(body) };
      },
      async onUntagged(response) {
        const found = itemsOf(response);
        if (found === undefined) return;
        const uid = uidOf(found);
        const body = found.get('BODY[]') ?? found.get('BODY[]<0>');
        // An empty message comes as a quoted string.
        if (typeof body === 'string') await dropTaken();
        if (typeof body === 'string') taken = { content: await taker.take(inMemory(body)) };
        if (taken === undefined || uid === undefined || !wanted.delete(uid) || !found.has('FLAGS')) {
          return await dropTaken();
        }
        const date = found.get('INTERNALDATE');
        const { content } = taken;
        taken = undefined;
        await taker.message({
          uid,
          flags: texts(found.get('FLAGS')),
          receivedAt: typeof date === 'string' ? parseDateTime(date) : undefined,
          content,
        });
      },
    });
  } finally {
    await dropTaken();
  }
}

function inMemory(text: string): IncomingBody {
  const bytes = Buffer.from(text, 'latin1');
  return {
    sizeBytes: bytes.length,
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
  };
}

/** @returns undefined for another response. @throws ImapResponseError */
function itemsOf(response: UntaggedResponse): FetchItems | undefined {
  if (response.name !== 'FETCH') return undefined;
  const [list] = response.values();
  if (!Array.isArray(list)) throw new ImapResponseError('FETCH brings no list');
  const items = new Map<string, ResponseValue>();
  const values = list as readonly ResponseValue[];
  for (let at = 0; at + 1 < values.length; at += 2) {
    const name = values[at];
    // A list may have a streamed literal in it, which is no text.
    if (typeof name !== 'string') throw new ImapResponseError('FETCH has an item without a name');
    items.set(name.toUpperCase(), values[at + 1]!);
  }
  return items;
}

function uidOf(items: FetchItems): number | undefined {
  const value = items.get('UID');
  const uid = typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isInteger(uid) && uid >= 1 && uid <= 0xffff_ffff ? uid : undefined;
}

function texts(value: ResponseValue | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly ResponseValue[]).filter((each) => typeof each === 'string');
}
