/** The index of texts. */
export const textIndexLimits = {
  /** Bytes of one message that the index of texts looks at, and characters that it takes: the rest is searched in the message itself. */
  textIndexMessageBytes: 8 * 1024 * 1024,
  textIndexCharacters: 1024 * 1024,
  /** Messages, and their bytes, that are put into the index of texts in one transaction. */
  textIndexBatchMessages: 50,
  textIndexBatchBytes: 512 * 1024,
  /**
   * Messages go into the index of texts when nothing has changed in the account for so long, but so long after the first change at the
   * latest: others come soon.
   */
  textIndexAfterMs: 1000,
  textIndexMostMs: 10_000,
  /** Header of a message that is kept in the index of texts too: nearly all, without what servers write for each other, are shorter. */
  indexedHeaderBytes: 8 * 1024,
  /** What THREAD goes by, in the same place: some hundred references. */
  indexedThreadCharacters: 4 * 1024,
  /** Indexes of texts that are open at once; for reading headers from them, as many again. */
  textIndexesOpen: 64,
  /** Trigrams of one search that the index is asked for, and words of a fuzzy one. */
  textIndexTrigrams: 32,
  textIndexWords: 16,
  /** Messages that the last such search of an account may have named, for it to be remembered: 8 bytes each. */
  textIndexRememberedIds: 50_000,
  /** Messages of one account that a fuzzy search finds by its words: the best ones. */
  textIndexFuzzyHits: 20_000,
} as const;
