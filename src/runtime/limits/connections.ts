/** Connections, and failed logins, of one address range or account. */
export const connectionLimits = {
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
} as const;
