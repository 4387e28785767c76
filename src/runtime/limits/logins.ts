/** Logins, passwords and sessions. */
export const loginLimits = {
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
} as const;
