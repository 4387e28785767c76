import { ConnectionClosedError } from '../runtime/wire-reader.ts';
import type { Account } from '../store/account.ts';
import type { MessageChange } from '../store/messages/change-reader.ts';
import type { MailboxAccess } from './mailbox-place.ts';
import { Pace } from './pace.ts';
import type { ResponseWriter } from './response-writer.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import type { ToldModseqs } from './told-modseqs.ts';

/** Changes that are sorted into kinds between two looks at the time. */
const sortedBetweenLooks = 128;

/** What a look finds, in UID order; but for `added` all is in the client's view. */
export interface MailboxNews {
  readonly added: number[];
  /** Those of them that the client has added itself. */
  readonly ownAdded: number[];
  readonly gone: number[];
  readonly changed: MessageChange[];
}

/** What of a client's view a look goes by, and notes. */
interface Look {
  readonly out: ResponseWriter;
  readonly told: ToldModseqs;
  readonly hold: ReturnType<Account['holdExpunged']>;
  readonly access: MailboxAccess | undefined;
  /** Expunged, of which the client was not told yet: a change of their flags lets them be found again. */
  readonly gone: readonly number[];
}

/**
 * Looks for what has changed in a mailbox since the last look.
 * @param wantsFlags whether the client will be told of flags; those that it wasn't told of are found again when it will be
 * @throws ConnectionClosedError when the client's UIDs are void
 */
export async function findNews(
  mailbox: SelectedMailbox,
  wantsFlags: boolean,
  { out, told, hold, access, gone }: Look,
): Promise<MailboxNews> {
  const { seen } = told;
  const since = told.lookSince(wantsFlags);
  const news: MailboxNews = { added: [], ownAdded: [], gone: [], changed: [] };
  if (access === undefined && mailbox.account.knownModseq === since) return news;
  const found = await mailbox.account.read(async (reader) => {
    // Whoever may not read any more is told nothing, and hears of it when he may again. No file is kept for him.
    if (access !== undefined && !(await access.rights(reader, mailbox.id)).includes('r')) {
      hold.advance(await reader.modseq());
      return undefined;
    }
    const modseq = await reader.modseq();
    if (modseq === since) return undefined;
    // Undefined when it was deleted: then all its messages are among the changes.
    const uidValidity = (await reader.mailboxes.byId(mailbox.id))?.uidValidity;
    return { modseq, uidValidity, changes: await reader.changes.since(mailbox.id, since) };
  });
  if (found === undefined) return news;
  if (found.uidValidity !== undefined && found.uidValidity !== mailbox.uidValidity) {
    // RFC 9051 §2.3.1.1: all UIDs are void, which no response but a new SELECT can tell.
    out.write('* BYE The UIDs of the mailbox have changed\r\n');
    await out.drain();
    throw new ConnectionClosedError();
  }
  // There may be very many, and few looks find a message that is gone.
  let knownGone: Set<number> | undefined;
  const pace = new Pace();
  for (const [at, change] of found.changes.entries()) {
    if (at % sortedBetweenLooks === 0 && pace.over) await pace.turn();
    if (change.createSeq > seen) {
      if (change.expunged) continue;
      news.added.push(change.uid);
      if (told.hasAdded(change)) news.ownAdded.push(change.uid);
    } else if (mailbox.uids.indexOf(change.uid) === -1) continue;
    else if (change.expunged) {
      knownGone ??= new Set(gone);
      if (change.modseq > seen && !knownGone.has(change.uid)) news.gone.push(change.uid);
    } else if (!told.isOwn(change) && change.modseq > change.createSeq) {
      news.changed.push(change);
    }
  }
  const untold = news.changed.length > 0 ? 'untold' : 'none';
  told.noteLook(found.modseq, found.changes, wantsFlags ? 'told' : untold);
  return news;
}
