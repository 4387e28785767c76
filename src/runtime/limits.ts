/**
 * Every limit of the server, with its RFC or reason. A part's options may override a limit; the configuration names those an
 * operator can set.
 */
export const limits = {
  /** One message, prefix not counted. The size the reference accepts; most providers accept 25 to 50 MB. */
  messageBytes: 100 * 1024 * 1024,
  /** Nested multiparts and messages in one message; deeper ones are one opaque part. Each costs time for every line that may be a boundary. Dovecot: 100. */
  mimeDepth: 50,
  /** MIME parts in one message; further boundaries are ignored, so that the last part takes the rest. Keeps database rows small. Dovecot: 10,000. */
  mimeParts: 1_000,
  /** Bytes of one header (of a message or part) that are looked at for fields; the rest is only counted. */
  headerBytes: 1024 * 1024,
  /** Text kept of all headers of one message for ENVELOPE and BODYSTRUCTURE. */
  structureTextBytes: 512 * 1024,
  /** Parameters of one Content-Type or Content-Disposition field. */
  mimeParameters: 100,
  /** Boundary of a multipart. RFC 2046 §5.1.1 says 70; a line has at most 998 (RFC 5322 §2.1.1). */
  mimeBoundaryBytes: 998,
  /** Mailboxes and group marks parsed from one address field. */
  headerAddresses: 5_000,
  /** Message-IDs parsed from References and In-Reply-To. */
  headerMessageIds: 1_000,
  /** Original header returned in a delivery status notification. Postfix: header_size_limit, about 100 kB. */
  dsnHeaderBytes: 64 * 1024,
  /** Recipients read from a delivery status notification that came in; as many as one transaction may have. */
  dsnRecipients: 1_000,
  /** Characters of a preview. RFC 8970 §3.1: at most 256, 200 are enough. */
  previewCharacters: 200,
  /** Bytes of a text body that a preview is made from; HTML mail begins with kilobytes of styles. */
  previewSourceBytes: 32 * 1024,
  /** Command line with its CRLF. RFC 5321 §4.5.3.1.4 says 512, and each extension of MAIL and RCPT adds to it. */
  smtpCommandBytes: 2048,
  /** Line of an AUTH exchange. RFC 4954 §4. */
  smtpAuthLineBytes: 12_288,
  /** RFC 5321 §4.5.3.1.1 says 64; bulk senders make longer localparts for bounces. */
  smtpSenderLocalpartBytes: 128,
  /** RFC 5321 §4.5.3.1.1. */
  smtpRecipientLocalpartBytes: 64,
  /** RFC 5321 §4.5.3.1.3. */
  smtpPathBytes: 256,
  /** Recipients of one message. RFC 5321 §4.5.3.1.8: at least 100. */
  smtpRecipients: 1000,
  /** Wait for a command. RFC 5321 §4.5.3.2.7: at least 5 minutes. */
  smtpCommandTimeoutMs: 5 * 60 * 1000,
  /** Wait for the next bytes of a message. RFC 5321 §4.5.3.2.5: senders wait 3 minutes for us. */
  smtpDataChunkTimeoutMs: 5 * 60 * 1000,
  /** One message from DATA to its end. The reference's. */
  smtpDataTimeoutMs: 30 * 60 * 1000,
  /** One BDAT chunk: any size that fits a message; this many bytes of refused chunks or data are read before the connection is closed. */
  smtpDiscardedBytes: 100 * 1024 * 1024,
  /** Wait for the peer to take replies, and for a TLS handshake or PROXY header to be complete. */
  smtpHandshakeTimeoutMs: 60 * 1000,
  /** Replies that may wait for a peer that doesn't read, before its commands wait. */
  smtpReplyBytes: 64 * 1024,
  /** Errors of one connection, after which it is closed. Postfix: 20 (smtpd_hard_error_limit). */
  smtpErrors: 20,
  /** Errors after which each further one is answered late. Postfix: 10 (smtpd_soft_error_limit). */
  smtpErrorsUntilTarpit: 5,
  /** How late. */
  smtpTarpitMs: 1000,
  /** Commands that get nothing done between two messages; more count as errors. Postfix: 100 (smtpd_junk_command_limit). */
  smtpJunkCommands: 100,
  /** Received fields above which a message is taken to loop. RFC 5321 §6.3: at least 100. */
  receivedFields: 100,
  /** Aliases within aliases. */
  aliasDepth: 10,
  /** Recipients that the aliases of one message expand to. */
  aliasMembers: 10_000,
  /** New connections of an address range (IPv4 /32, /26, /21; IPv6 /64, /48, /32) in a minute. The reference's. */
  connectionsPerMinute: [300, 900, 2700],
  /** Open connections of an address range. The reference's. */
  openConnections: [30, 90, 270],
  /** Failed logins of an address range in a minute. The reference's. */
  failedLoginsPerMinute: [10, 30, 90],
  /** Failed logins of an address range in a day. The reference's. */
  failedLoginsPerDay: [50, 150, 450],
  /** Failed logins of one account in an hour from all addresses, above which its password is good only where it was used before. */
  failedLoginsPerAccount: 100,
  /** How long the answer to the first failed login of an address in a minute waits; the next wait longer, up to five times. */
  failedLoginDelayMs: 1_000,
  /** FUTURERELEASE: how far ahead. RFC 4865 §3. */
  smtpHoldMs: 30 * 24 * 60 * 60 * 1000,
  /** Body of an HTTP request: nothing that is served now takes more. */
  httpBodyBytes: 1024 * 1024,
  /** Header of a message that a local program submits: it is read into memory for its recipients. */
  localSubmissionHeaderBytes: 1024 * 1024,
  /** HTTP connections of one listener at the same time. */
  httpConnections: 1000,
  /** A whole HTTP request: keeps slow senders from holding connections. */
  httpRequestMs: 60_000,
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
  /** Different logins waiting to be written down; their number goes back to none every second. */
  loginAttemptsWaiting: 5_000,
  /** Different logins remembered of an account, and of all names that are no account. */
  loginAttemptsPerAccount: 10_000,
  /** How long logins are remembered. */
  loginAttemptDays: 30,
  /** Of a login that is written down. RFC 5321 §4.5.3.1: an address has at most 64 + 1 + 255 bytes. */
  loginCharacters: 320,
  /** Of what a client says it is, where it is written down. */
  loginClientCharacters: 100,
  /** How long a login by IMAP waits to be written down for the client to say what it is. */
  loginClientMs: 3_000,
  /** Sessions of one account that are open at one protocol, this machine's not counted: ten people with two devices of five each. */
  sessionsPerAccount: 100,
  /** Changes of passwords that logins under way are compared with. */
  rememberedRevocations: 1_000,
  /** How long the command of a session may go on that is being ended. */
  sessionEndMs: 5_000,
  /** One line from a client of the control socket: arguments, or a chunk of input. */
  controlLineBytes: 1024 * 1024,
  /** One line from the server over the control socket: a result, such as a page of the queue. */
  controlReplyBytes: 16 * 1024 * 1024,
  /** Bytes of input or output in one line of the control protocol. */
  controlChunkBytes: 64 * 1024,
  /** What may wait for a slow reader at the control socket; further log lines are left out, output waits. */
  controlUnsentBytes: 1024 * 1024,
  /** Commands at the control socket at the same time: people and their scripts. */
  controlConnections: 64,
  /** Bytes of one IMAP command with its literals, the messages of APPEND not counted. Sets of scattered UIDs need most; Dovecot: 64 KiB. */
  imapCommandBytes: 128 * 1024,
  /** The same before login, where nothing long is said. */
  imapCommandBytesBeforeLogin: 16 * 1024,
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
  /** Messages of which it is remembered, for one sort key each, where they belong: 12 bytes each. */
  imapSortRanks: 1_000_000,
  /** Searches of one session whose results are kept up to date, and messages in all of them, but for the first: 4 bytes each. */
  imapUpdatingSearches: 10,
  imapUpdatingResults: 1_000_000,
  /** Messages of which it is remembered what THREAD goes by: some 400 bytes each. */
  imapThreadFacts: 100_000,
  /** Messages that THREAD knows only by what others refer to: what is beyond joins no threads. */
  imapThreadMissing: 1_000_000,
  /** Bytes of one message that the index of texts looks at, and characters that it takes: the rest is searched in the message itself. */
  textIndexMessageBytes: 8 * 1024 * 1024,
  textIndexCharacters: 1024 * 1024,
  /** Messages, and their bytes, that are put into the index of texts in one transaction. */
  textIndexBatchMessages: 50,
  textIndexBatchBytes: 512 * 1024,
  /** A message is in the index of texts so long after it came, if there is time: others come soon. */
  textIndexAfterMs: 1000,
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
  /** Header and text bytes of one large message that SEARCH looks at; the rest of its text is not searched. */
  imapSearchTextBytes: 16 * 1024 * 1024,
  /** Commands in a row that are not understood before the connection ends: it isn't IMAP, or it is an attack. Dovecot: 20. */
  imapBadCommands: 20,
  /** RFC 9051 §5.4: at least 30 minutes for who is logged in. */
  imapIdleMs: 30 * 60_000,
  imapIdleBeforeLoginMs: 3 * 60_000,
  /** How long a client may take to read what it asked for before the connection ends. */
  imapWriteMs: 5 * 60_000,
  /** One response of an IMAP server that we are a client of, with all its literals but messages: LIST and FETCH have some hundred bytes. */
  imapResponseBytes: 1024 * 1024,
  /** A message that such a server announces. RFC 9051 §9: a number has 32 bits. What is larger than `messageBytes` is read and dropped. */
  imapLiteralBytes: 0xffff_ffff,
  /** Wait for the next bytes of such a server: some look through a whole mailbox before they answer. */
  imapClientReadMs: 5 * 60_000,
  /** Wait for its connection and TLS. */
  imapClientConnectMs: 30_000,
  /** Mailboxes of another server in one import: as many as an account may have. */
  importMailboxes: 10_000,
  /** Bytes of their names and attributes: a response may have `imapResponseBytes`. */
  importListBytes: 16 * 1024 * 1024,
  /** Messages of one such mailbox: some 20 bytes of memory each. */
  importMailboxMessages: 5_000_000,
  /** UIDs in one command that fetches messages: some servers take lines of 1,000 bytes (RFC 7162 §4 says 8,192). */
  importFetchMessages: 100,
  /** Messages, and bytes of them, that are flushed at the same time and added in one transaction. */
  importBatchMessages: 50,
  importBatchBytes: 16 * 1024 * 1024,
  /** Connections in a row that bring no message, before an import gives up; and how long it waits before the second and the last. */
  importConnections: 8,
  importFirstWaitMs: 1_000,
  importLongestWaitMs: 60_000,
  /** Times that one message may be what a connection breaks at. */
  importMessageFailures: 2,
  /** Messages that were left out, and mailboxes, that the result of an import names. */
  importSkippedNamed: 1_000,
  /** Recipients in one mail transaction. RFC 5321 §4.5.3.1.8: every server takes 100. */
  queueRecipientsPerTransaction: 100,
  /** Messages sent to one destination before others get a turn; sessions are kept that long. */
  queueMessagesPerRun: 100,
  /** Mail exchangers of a domain that are tried in one attempt. RFC 5321 §5.1: at least two addresses. */
  queueHostsPerDestination: 5,
  /** Addresses of one host that are tried in one attempt, half of them IPv6. */
  queueAddressesPerHost: 6,
  /** Bytes of header read to show a queued message's subject. */
  queueSummaryBytes: 16 * 1024,
  /** A message up to this size is returned whole in a failure DSN with RET=FULL: it is composed in memory. */
  queueReturnedMessageBytes: 1024 * 1024,
  /** Recipients that one transaction changes when an operator changes many: mail goes on between them. */
  queueChangeStep: 1000,
  /** Rules that hold messages as they come: each message is compared with all of them. */
  queueHoldRules: 1000,
  /** Recipients of which it is known what became of them: some 300 bytes each. The oldest go first. */
  queueRetiredRows: 500_000,
  /** Addresses that one account sends nothing to. */
  suppressionsPerAccount: 100_000,
  /** Failures, within a time and without a delivery between them, after which an address is suppressed. */
  bouncesBeforeSuppression: 3,
  bounceWindowMs: 30 * 24 * 3600 * 1000,
  /** Characters of the reason that is kept with a suppressed address. */
  suppressionReasonCharacters: 300,
  /** How long deliveries to an account gather before notices among them are read, and webhooks told. */
  incomingFollowDelayMs: 1_000,
  /** Deliveries of an account that are looked at again after a restart, when nothing says where to go on. */
  incomingLookBack: 1_000,
  /** Requests of webhooks of one account that may wait, some 100 KiB each at most; further ones are left out. */
  webhooksPerAccount: 10_000,
  /** Accounts whose webhooks are sent at the same time. */
  webhooksAtOnce: 10,
  /** Until the status of the answer to a webhook is there. */
  webhookTimeoutMs: 30_000,
  /** How long it is known how webhooks ended. */
  retiredWebhookMs: 7 * 24 * 3600 * 1000,
  /** How long it is known which deliveries were looked at; must be more than `deliveredWithinMs` of delivery/follow-incoming.ts. */
  incomingSeenMs: 5 * 24 * 3600 * 1000,
  /** Characters of plain text, and of HTML, that a webhook shows of a message that came in. */
  webhookTextCharacters: 32 * 1024,
  /** Bytes of a message that a webhook's texts are taken from. */
  webhookMessageBytes: 1024 * 1024,
  /** Attachments, addresses and Message-IDs that a webhook names. */
  webhookListLength: 100,
  /** Characters of the name of an attachment there. */
  webhookNameCharacters: 255,
  /** Bytes of an incoming delivery status notification that are read: it may hold the whole message it is about. */
  incomingNoticeBytes: 1024 * 1024,
  /** Recipients of one notification that are looked for among the messages sent. */
  incomingNoticeRecipients: 100,
  /** Bytes of a password. Argon2 would take more; nobody types more. */
  passwordBytes: 1024,
  /** Bytes of a PLAIN message or a LOGIN response. RFC 4616 §2 wants 255 of each part accepted. */
  saslPlainBytes: 3 * 1024,
  /** Bytes of a SCRAM message: 255 of user name, a nonce, 64 of channel binding, some extensions. */
  scramMessageBytes: 4096,
  /** Iterations that a SCRAM server may ask our client for: more only keep it busy. */
  scramIterations: 10_000_000,
  /** Passwords for single programs of one account: each login compares with all of them, which takes microseconds. */
  appPasswordsPerAccount: 50,
  /** Characters of the name of one. */
  appPasswordNameCharacters: 100,
  /** How exactly it is kept when a password for a single program was used last: each login that notes it is a write. */
  appPasswordUseMs: 60_000,
  /** Keys of client certificates registered for one account; the text of a certificate; characters of a key's name. */
  clientKeysPerAccount: 100,
  clientCertificateBytes: 64 * 1024,
  clientKeyNameCharacters: 100,
  /** Shorter RSA keys of clients are not accepted: NIST SP 800-131A. */
  clientRsaBits: 2048,
  /** Passwords verified at the same time, 20 MiB each: half of libuv's four threads stay free for files. */
  passwordChecks: 2,
  /** Passwords that wait to be verified: some 8 seconds of work. */
  passwordChecksWaiting: 256,
  /** Lookups remembered by the resolver. */
  dnsCacheEntries: 10_000,
  /** Lookups under way at once, a socket each; more wait. */
  dnsQueries: 256,
  /** Records of one DNS answer. */
  dnsRecords: 1000,
  /** CNAMEs on the way to a record. BIND: 16. */
  dnsAliases: 16,
  /** Packets that aren't the answer, before the question is asked over TCP: somebody is guessing. */
  dnsStrayPackets: 10,
  /** TTL that is believed: longer ones are mistakes or attacks (RFC 8767 §4), and absences count for an hour (RFC 2308 §5). */
  dnsPositiveSeconds: 86_400,
  dnsNegativeSeconds: 3_600,
  /** TLSA records of one host that are compared; RFC 7671 §8.1 needs two to change keys. */
  tlsaRecords: 20,
  /** Certificates of a server, from its own to the authority's. OpenSSL's default is 100; real ones are 2 to 4. */
  certificateChain: 10,
  /** Lines of an MTA-STS policy, and its bytes (RFC 8461 §3.3 suggests 64 kB). */
  mtaStsPolicyLines: 2_000,
  mtaStsPolicyBytes: 64 * 1024,
  /** Wait for a policy host (RFC 8461 §3.3 suggests a minute): mail waits as long. */
  mtaStsFetchMs: 60_000,
  /** After a policy could not be fetched its domain's host is left alone for so long. RFC 8461 §3.3 suggests 5 minutes. */
  mtaStsFetchPauseMs: 5 * 60_000,
  /** A policy that no mail has needed for so long is forgotten, and not kept fresh. */
  mtaStsUnusedDays: 180,
  /** Policies kept. The longest unused go first. */
  mtaStsPolicies: 100_000,
  /** Signatures of one message that are verified, from the top. */
  dkimSignatures: 10,
  /** Key records of one name that are looked at: there should be one. */
  dkimKeyRecords: 5,
  /** RFC 8301 §3.2: shorter keys prove nothing. */
  dkimRsaBits: 1024,
  /** RFC 8301 §3.2 asks for up to 4096. */
  dkimMaxRsaBits: 8192,
  /** Sets of ARC fields of one message: RFC 8617 §4.2.1. */
  arcSets: 50,
  /** All ARC fields of one message: each seal signs those of all sets before. Fifty sets with RSA keys of 2048 bits have some 100 kB. */
  arcHeaderBytes: 256 * 1024,
  /** Signatures of one ARC chain over header and body that are verified, from the newest: only that one decides. */
  arcMessageSignatures: 10,
  /** Results of one Authentication-Results field that are looked at, and properties of one of them. */
  authenticationResults: 100,
  authenticationResultProperties: 50,
  /** Terms of SPF records that ask the DNS, in one check: RFC 7208 §4.6.4. */
  spfTerms: 10,
  /** MX and PTR records that one term of an SPF record looks at: RFC 7208 §4.6.4. */
  spfNames: 10,
  /** Questions of one SPF check that have no answer: RFC 7208 §4.6.4. */
  spfVoidLookups: 2,
  /** Names of a client's address that are looked up: it should have one, and SPF looks at as many (RFC 7208 §4.6.4). */
  reverseNames: 10,
  /** Questions to the DNS about who sent a message, all together: RFC 7208 §4.6.4 says 20 s at least. */
  authenticationMs: 20_000,
  /** Line of a reply. RFC 5321 §4.5.3.1.5 says 512; some peers explain themselves at length. */
  smtpReplyLineBytes: 4096,
  /** Lines of one reply. The longest are to EHLO, with some 30. */
  smtpReplyLines: 200,
  /** One BDAT command of the client: the whole of it is in memory. */
  smtpChunkBytes: 256 * 1024,

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
  /** How long changes of an account gather before its junk filter learns from them. */
  junkLearnDelayMs: 2_000,

  /** Message that brings a report; what is larger is no report. The largest that providers send have some MB. */
  reportMessageBytes: 10 * 1024 * 1024,
  /** A report when it is decompressed: some 30,000 records. */
  reportBytes: 20 * 1024 * 1024,
  /** How many times its compressed size a report may have, once it is above `reportRatioFromBytes`; real ones have up to 40. */
  reportRatio: 200,
  reportRatioFromBytes: 1024 * 1024,
  /** Entries of a zip file that brings a report: there should be one. */
  reportZipEntries: 20,
  /** Parts of a message that are tried as a report. */
  reportParts: 5,
  /** Of the XML of a report: elements within each other, elements of one record, characters of one text. The format needs 6 levels. */
  reportXmlDepth: 16,
  reportXmlElements: 5_000,
  reportXmlText: 16 * 1024,
  /** Records of one report; the largest providers send some thousand. */
  dmarcReportRecords: 50_000,
  /** Results of DKIM, of SPF, and reasons, kept of one record. */
  dmarcReportResults: 20,
  /** Characters kept of a name or text in a report. */
  dmarcReportText: 300,
  /** Reports that one domain may send us in a day. Those that report hourly about some domains are below that. */
  dmarcReportsPerSenderDay: 500,
  /** How long reports are kept: a year, and a month to compare. */
  dmarcReportDays: 400,
  /** Different evaluations waiting to be written down; their number goes back to none every second. */
  dmarcEvaluationsWaiting: 5_000,
  /** Different evaluations kept of one domain and hour, and in all: strangers choose both. A report to a large domain has some thousand. */
  dmarcEvaluationsPerHour: 5_000,
  dmarcEvaluations: 200_000,
  /** How old evaluations may be when they are reported: after that nobody asks any more. */
  dmarcEvaluationHours: 48,
  /** Addresses that one report goes to, of those that a domain names. RFC 9990 §3.5.1 leaves the number to us; two are usual. */
  dmarcReportAddresses: 5,
  /** Different domains that reports are made for in one hour; the rest come in the next. */
  dmarcReportsPerHour: 5_000,
  /** Over how long reports that are due together are spread. */
  dmarcReportSpreadMs: 40 * 60_000,
  /** How long an address gets no reports after one could not be delivered to it. */
  dmarcSuppressionMs: 14 * 24 * 60 * 60_000,
  /** Addresses that get none. */
  dmarcSuppressions: 10_000,

  /** Policies of one TLS report, failure details of one policy, and its strings and hosts: large providers send some dozens. */
  tlsReportPolicies: 1_000,
  tlsReportDetails: 1_000,
  tlsReportStrings: 100,
  /** TLS reports that one domain may send us in a day: RFC 8460 §4.1 wants one for each of our domains. */
  tlsReportsPerSenderDay: 200,
  /** Different results of sessions waiting to be written down; kept of one domain and day; and in all. */
  tlsResultsWaiting: 5_000,
  tlsResultsPerDay: 1_000,
  tlsResults: 200_000,
  /** How old the results of a day may be when they are reported. */
  tlsResultDays: 3,
  /** Wait for a host that takes reports by HTTPS. */
  tlsReportPostMs: 60_000,

  /** Databases open at once: each takes 0.1 to 0.4 MB and three to seven descriptors; opening one again takes about 2 ms. */
  openDatabases: 512,
  /** Reads of one database under way at once; more wait. */
  readConnectionsPerDatabase: 8,
} as const;
