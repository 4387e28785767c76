/**
 * Every limit of the server, with its RFC or reason. A part's options may override a limit; the configuration names those an
 * operator can set.
 */
export const limits = {
  /** One message, prefix not counted. The size the reference accepts; most providers accept 25 to 50 MB. */
  messageBytes: 100 * 1024 * 1024,
} as const;
