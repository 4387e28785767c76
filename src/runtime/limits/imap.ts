/** IMAP, as a server. */
export const imapLimits = {
  /** Bytes of one IMAP command with its literals, the messages of APPEND not counted. Sets of scattered UIDs need most; Dovecot: 64 KiB. */
  imapCommandBytes: 128 * 1024,
  /** The same before login, where ID is the longest: 30 names of 30 bytes with values of 1024 are allowed (RFC 2971 §3.3). */
  imapCommandBytesBeforeLogin: 36 * 1024,
  /** Bytes of non-synchronizing literals that are read and dropped to answer the command; above that the connection ends (RFC 7888 §4). */
  imapDroppedLiteralBytes: 200 * 1024 * 1024,
  /** Messages in one MULTIAPPEND: all are one transaction. */
  imapAppendMessages: 1_000,
  /** Parts of one message that CATENATE puts together. */
  imapCatenateParts: 1_000,
  /** URLs in one command: each may open another account. */
  imapUrls: 100,
  /** Bytes of a URL: a mailbox name and header fields, each byte escaped. */
  imapUrlBytes: 8 * 1024,
  /** Messages of the smallest batch that UIDBATCHES makes. RFC 10022 §3.1: at least 500. */
  imapBatchMessages: 500,
  /** How often INPROGRESS says that a command is under way. RFC 9585 §4: every 10 to 15 seconds. */
  imapProgressMs: 10_000,
  /** Keys of one SEARCH, and how deep they may be nested. */
  imapSearchKeys: 1_000,
  imapSearchDepth: 50,
  /** Keys of one SORT: each of them both ways. */
  imapSortKeys: 18,
  /** Characters of a subject or name that SORT goes by: it holds them for all messages at once. */
  imapSortCharacters: 250,
  /** Groups of events in one NOTIFY, with each of which every mailbox is compared. */
  imapNotifyGroups: 100,
  /** Mailboxes of an account that NOTIFY watches: some 200 bytes each, for every session that asks for it. */
  imapNotifyMailboxes: 5_000,
  /** Mailboxes that one ESEARCH looks through. */
  imapSearchedMailboxes: 10_000,
  /** Bytes of what is known of messages from one command to the next, for all sessions: flags, and what SORT and THREAD go by. */
  imapMailboxMemoryBytes: 48 * 1024 * 1024,
  /** Frames of 256 KiB into which messages are read ahead, for all sessions. */
  imapReadAheadFrames: 16,
  /** Searches of one session whose results are kept up to date, and messages in all of them, but for the first: 4 bytes each. */
  imapUpdatingSearches: 10,
  imapUpdatingResults: 1_000_000,
  /** Messages that THREAD knows only by what others refer to: what is beyond joins no threads. */
  imapThreadMissing: 1_000_000,
  /** Header and text bytes of one large message that SEARCH looks at; the rest of its text is not searched. */
  imapSearchTextBytes: 16 * 1024 * 1024,
  /** Commands in a row that are not understood before the connection ends: it isn't IMAP, or it is an attack. Dovecot: 20. */
  imapBadCommands: 20,
  /** RFC 9051 §5.4: at least 30 minutes for who is logged in. */
  imapIdleMs: 30 * 60_000,
  imapIdleBeforeLoginMs: 3 * 60_000,
  /** How long a client may take to read what it asked for before the connection ends. */
  imapWriteMs: 5 * 60_000,
} as const;
