import type { AccountDatabaseReader } from '../account-database.ts';
import { noKeywords } from './keywords.ts';
import { narrowColumns } from './message-columns.ts';
import type { MessageFlags } from './message-rows.ts';
import { keepWanted, maxSparseness, selectMessages } from './select-messages.ts';
import { parseNumbers } from './uid-lists.ts';

/** As texts: rows cost three times as much. Where there are keywords, rows are read. */
const flagsQuery = `SELECT group_concat(uid) AS uids, group_concat(flags) AS flags, max(keywords) AS keywords, count(*) AS count
  FROM (SELECT uid, flags, keywords FROM messages WHERE mailbox_id = ? AND uid BETWEEN ? AND ? ORDER BY uid)`;
const flagsWithModseqQuery = flagsQuery
  .replace('AS uids,', 'AS uids, group_concat(modseq) AS modseqs,')
  .replace('uid, flags,', 'uid, modseq, flags,');

/** Reads what {@link selectMessages} reads of flags, expunged messages included; without MODSEQs that is 0 in all of them. */
export async function selectFlags(
  reader: AccountDatabaseReader,
  mailboxId: number,
  uids: Uint32Array,
  withModseq: boolean,
): Promise<MessageFlags[]> {
  const low = uids[0];
  const high = uids.at(-1);
  if (low === undefined || high === undefined) return [];
  if (high - low < uids.length * maxSparseness) {
    const row = await reader.first<{ keywords: string | null; count: number } & Record<string, string | null>>(
      withModseq ? flagsWithModseqQuery : flagsQuery,
      [mailboxId, low, high],
    );
    if (row!.keywords === null) {
      const { count } = row!;
      const found = parseNumbers(row!.uids ?? '', new Uint32Array(count));
      const bits = parseNumbers(row!.flags ?? '', new Uint32Array(count));
      const modseqs = withModseq ? parseNumbers(row!.modseqs ?? '', new Float64Array(count)) : undefined;
      const messages: MessageFlags[] = [];
      for (let at = 0; at < count; at++) {
        messages.push({ uid: found[at]!, modseq: modseqs?.[at] ?? 0, flagBits: bits[at]!, keywords: noKeywords });
      }
      return high - low < uids.length ? messages : keepWanted(messages, uids);
    }
  }
  return await selectMessages(reader, narrowColumns, mailboxId, uids, low, high, {
    includeExpunged: true,
    columns: [],
  });
}
