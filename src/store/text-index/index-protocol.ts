/** A message that is to be put into an index. */
export interface MessageToIndex {
  readonly contentId: number;
  readonly prefix: Uint8Array;
  readonly fileSizeBytes: number;
  readonly sha256: Uint8Array;
  /** JSON, as it is stored: offsets are of the file. */
  readonly structure: string;
  /** Decoded, and of at most some hundred characters. */
  readonly subject: string;
  readonly sentAt: number | null;
}

/** The messages of a mailbox up to a UID are in the index, or were removed. */
export interface Progress {
  readonly mailboxId: number;
  readonly uid: number;
}

/** What an account was when its index was made: an index of another is made anew. */
export interface IndexedAccount {
  readonly createdAt: number;
  readonly changesKnownSince: number;
  readonly nextContentId: number;
}

/** Columns of words. */
export type WordColumn = 'subject' | 'sender' | 'recipients' | 'body';

export interface IndexRequests {
  open: { args: { account: IndexedAccount }; result: readonly Progress[] };
  /** Which of some contents are not in the index yet. */
  missing: { args: { contentIds: readonly number[] }; result: number[] };
  add: { args: { messages: readonly MessageToIndex[]; progress: Progress }; result: undefined };
  /** Ids in the index above one, ascending. */
  contents: { args: { after: number; limit: number }; result: number[] };
  forget: { args: { contentIds: readonly number[] }; result: undefined };
  /** Contents whose texts have all of some trigrams, and those of which the index does not have all. */
  trigrams: { args: { trigrams: readonly string[]; bodyOnly: boolean }; result: Float64Array };
  /** Contents that have some words, and how well; best first. */
  words: {
    args: { words: readonly string[]; columns: readonly WordColumn[] };
    result: { contentIds: Float64Array; ranks: Float64Array };
  };
  /** What is known of the messages has changed: the index is gone, and to be opened again. */
  discard: { args: Record<never, never>; result: undefined };
  close: { args: Record<never, never>; result: undefined };
}

export type IndexRequestName = keyof IndexRequests;

export interface IndexRequest {
  readonly id: number;
  /** The account's directory. */
  readonly directory: string;
  readonly name: IndexRequestName;
  readonly args: IndexRequests[IndexRequestName]['args'];
}

export interface IndexAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
