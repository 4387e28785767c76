/** Junk filters, rulesets, and mail of strangers. */
export const junkLimits = {
  /** Of a message, and of one text in it, that a junk filter looks at; and what it takes from there. */
  junkMessageBytes: 1024 * 1024,
  junkPartBytes: 64 * 1024,
  junkWords: 3000,
  junkLinks: 100,
  /** Words seen once that a junk filter keeps as rows before they go into its file. */
  junkOnceRows: 20_000,
  /** Junk filters open at once, each with 0.3 to 4 MB of words seen once. */
  junkFiltersOpen: 32,
  /** Messages of each kind that a junk filter has learned before it says anything. */
  junkLeastLearned: 20,
  /** Rulesets of an account or address, characters of a pattern in them, and conditions on header fields in one. */
  rulesets: 200,
  rulePatternCharacters: 200,
  ruleHeaders: 10,
  /** Fields of one name that rulesets look at, and characters of each: a message must not make the rules of its recipients slow. */
  ruleFields: 20,
  ruleFieldCharacters: 2_000,
  /** Messages whose senders are made to wait at once: each holds a connection, and up to 64 KiB. */
  firstTimeDelays: 200,
  /** The longest such wait. RFC 5321 §4.5.3.2.6: clients wait 10 minutes for the reply to a message, and not all of them do. */
  firstTimeDelayMs: 5 * 60_000,
  /** Messages of strangers that one account takes in a minute and an hour, and their bytes. Two full mailing lists send less. */
  strangersPerMinute: 60,
  strangersPerHour: 1_000,
  strangerBytesPerMinute: 200 * 1024 * 1024,
  strangerBytesPerHour: 1024 * 1024 * 1024,
  /** Refused messages that are kept for the user to see, for how long, and how often it is looked for older ones. */
  rejects: 1_000,
  /** Of them all, and of one: strangers must not fill the quota with what is refused. */
  rejectsBytes: 100 * 1024 * 1024,
  rejectBytes: 5 * 1024 * 1024,
  rejectsMs: 14 * 24 * 3600 * 1000,
  rejectsTidyMs: 3600 * 1000,
  /** How long a DNS blocklist is trusted, or not asked, after it was seen to work or not. */
  blocklistHealthMs: 30 * 60_000,
  /** An account's junk filter learns when nothing has changed in it for so long, but so long after the first change at the latest. */
  junkLearnDelayMs: 2_000,
  junkLearnMostMs: 60_000,
} as const;
