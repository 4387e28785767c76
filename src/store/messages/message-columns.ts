import { objectIdColumns } from '../object-ids.ts';
import type { MessageRow, ObjectIds, RenderedMessageRow } from './message-rows.ts';

/** What is read of messages. */
export interface Columns {
  /** As SELECT has them. */
  readonly sql: string;
  /** What they need beside the table of messages. */
  readonly join: string;
}

export const joinContents = 'JOIN contents ON contents.id = content_id';

const columnsOfMessages = {
  uid: 'uid',
  modseq: 'messages.modseq',
  flagBits: 'flags AS flagBits',
  keywords: 'messages.keywords',
  contentId: 'content_id AS contentId',
  sizeBytes: 'size AS sizeBytes',
  receivedAt: 'received_at AS receivedAt',
  savedAt: 'saved_at AS savedAt',
  createSeq: 'create_seq AS createSeq',
  threadId: 'messages.thread_id AS threadId',
} satisfies Record<keyof MessageRow, string>;
const columnsOfContents: Record<string, string> = {
  // A blob costs more than all other columns together, and most of those that clients have appended are empty.
  prefix: "nullif(prefix, x'') AS prefix",
  fileSizeBytes: 'file_size AS fileSizeBytes',
  envelope: 'envelope',
  bodyStructure: 'body_structure AS bodyStructure',
} satisfies Record<Exclude<keyof RenderedMessageRow, keyof MessageRow | keyof ObjectIds | 'sentAt'>, string>;

export const narrowColumns: Columns = { sql: Object.values(columnsOfMessages).join(', '), join: '' };
export const renderedColumns: Columns = {
  sql: Object.values({ ...columnsOfMessages, ...columnsOfContents }).join(', '),
  join: joinContents,
};

/** Read only when they are named. */
const everyColumn: Record<string, string> = {
  ...columnsOfMessages,
  ...columnsOfContents,
  sentAt: 'sent_at AS sentAt',
  emailObjectId: `${objectIdColumns.email} AS emailObjectId`,
  threadObjectId: `${objectIdColumns.thread} AS threadObjectId`,
};
const ofContents: ReadonlySet<string> = new Set([...Object.keys(columnsOfContents), 'sentAt', 'threadObjectId']);
/** Read whatever else is asked for. */
const alwaysRead: readonly string[] = ['uid', 'modseq', 'flagBits', 'keywords'];

/** By their names: there are few sets. */
const namedColumns = new Map<string, Columns>();

/** @returns columns of a set that is asked for by name, and those that are always read */
export function columnsNamed(names: readonly string[]): Columns {
  const key = names.join();
  let columns = namedColumns.get(key);
  if (columns === undefined) {
    columns = {
      sql: [...new Set([...alwaysRead, ...names])].map((name) => everyColumn[name]).join(', '),
      join: names.some((name) => ofContents.has(name)) ? joinContents : '',
    };
    namedColumns.set(key, columns);
  }
  return columns;
}
