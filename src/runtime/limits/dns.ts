/** DNS, and what is found there about TLS. */
export const dnsLimits = {
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
} as const;
