/** Accounts, mailboxes and their databases. */
export const storeLimits = {
  /** UTF-8 bytes of a mailbox name with all its levels; Dovecot's paths end at 255 a level, IMAP has no limit. */
  mailboxNameBytes: 1_000,
  /** Levels of a mailbox name: parents are made one by one. */
  mailboxDepth: 25,
  /** Live mailboxes in one account: LIST and STATUS name all of them. */
  mailboxesPerAccount: 10_000,
  /** Characters of one keyword. RFC 9051 sets none; Gmail takes 225. */
  keywordLength: 255,
  /** Different keywords in one mailbox: FLAGS announces each. Dovecot's indexes have room for a few hundred. */
  keywordsPerMailbox: 500,
  /** Keywords of one message. */
  keywordsPerMessage: 100,
  /** Bytes of one annotation's value. */
  annotationBytes: 64 * 1024,
  /** Characters of an annotation's name. */
  annotationNameLength: 255,
  /** Annotations of one mailbox, or of the account itself. */
  annotationsPerMailbox: 100,
  /** Entries of one mailbox's access control list: each is compared with the user at each look. */
  aclEntriesPerMailbox: 200,
  /** Accounts whose shared mailboxes one user is shown by LIST: each is opened. */
  sharingAccounts: 1_000,
  /** Subscribed names of one account, also of mailboxes that don't exist. */
  subscriptionsPerAccount: 20_000,
  /** Message identifiers of References and In-Reply-To that decide on the thread: the first and the last ones. */
  threadReferences: 50,
  /** Messages of a thread that may be renamed when two threads turn out to be one; larger ones stay apart. */
  threadMergeMessages: 1_000,
  /** A reply without References joins a thread with its subject when that was used last within this time. */
  threadSubjectWindowMs: 28 * 24 * 3600 * 1000,
  /** A message up to this size is kept in memory and written in one go; larger ones stream to the disk. */
  messageBufferBytes: 64 * 1024,
  /** All messages that are whole and kept in memory until an account takes them; beyond, they go to the disk at once. */
  messageBuffersBytes: 8 * 1024 * 1024,
  /** Bytes gathered before a large message is written to its file. */
  messageWriteBytes: 256 * 1024,
  /**
   * Deliveries from the queue that an account remembers, to know a repetition after a crash. Only those whose end the queue had not
   * written down are repeated: a few for each delivery that was under way.
   */
  rememberedDeliveries: 1_000,
  /** Accounts that nobody uses at the moment but stay open for the next use. */
  idleAccounts: 256,
  /** Messages just queued whose recipients are being noted in the accounts that sent them. */
  recipientNotes: 1_000,
  /** Databases open at once: each takes 0.1 to 0.4 MB and three to seven descriptors; opening one again takes about 2 ms. */
  openDatabases: 512,
  /** Reads of one database under way at once; more wait. */
  readConnectionsPerDatabase: 8,
} as const;
