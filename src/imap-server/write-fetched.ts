import type { FetchItem } from '../imap/fetch-items.ts';
import { UnknownEncodingError } from '../message/transfer-decoder.ts';
import type { Log } from '../runtime/log.ts';
import { MessageFileError } from '../store/store-errors.ts';
import { columnsOf, writeFetchResponse } from './fetch-response.ts';
import { Pace } from './pace.ts';
import type { ResponseWriter } from './response-writer.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** Messages read from the database at a time. */
const batchSize = 100;

/**
 * Writes FETCH responses that no command has asked for. They never set \Seen, also where a FETCH would: the user has read nothing.
 * @param wanted items of each message, by UID, ascending; messages without items are passed over
 * Source: RFC 5465 §5.2, §7
 */
export async function writeFetched(
  audience: { readonly out: ResponseWriter; readonly uidOnly: boolean; readonly log: Log },
  mailbox: SelectedMailbox,
  wanted: ReadonlyMap<number, readonly FetchItem[]>,
): Promise<void> {
  const { out, log } = audience;
  const uids = [...wanted.keys()];
  const columns = columnsOf([...wanted.values()].flat());
  const pace = new Pace();
  for (let at = 0; at < uids.length; at += batchSize) {
    const rows = await mailbox.account.read((reader) =>
      reader.messages.rendered(mailbox.id, uids.slice(at, at + batchSize), undefined, undefined, {
        includeExpunged: true,
        columns,
      }),
    );
    for (const found of rows) {
      const row = mailbox.shown(found);
      if (row.keywords.length > 0) await mailbox.announceKeywords(out, row.keywords);
      try {
        const items = wanted.get(row.uid)!;
        await writeFetchResponse(out, mailbox.account, mailbox.fetchLabel(row.uid, audience), row, items);
      } catch (error) {
        // Nothing of the response is written yet, and who asks for the message is told what is wrong with it.
        if (error instanceof MessageFileError) log.error({ err: error, uid: row.uid }, 'message cannot be read');
        else if (!(error instanceof UnknownEncodingError)) throw error;
      }
      if (out.full) await out.flush();
      if (pace.over) await pace.turn();
    }
  }
}
