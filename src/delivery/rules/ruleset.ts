/**
 * What an account's user wants done with some mail. A message is for the first ruleset all of whose conditions it meets; those of the
 * address come before those of the account. Patterns are as `matchesPattern` reads them.
 */
export interface Ruleset {
  /** Pattern of the address in MAIL FROM; `<>` is the null sender. */
  readonly smtpMailFrom?: string | undefined;
  /** Pattern of an address in the From field. */
  readonly msgFrom?: string | undefined;
  /** Domain that SPF, DKIM or DMARC has shown to stand behind the message, or that a name below it. */
  readonly verifiedDomain?: string | undefined;
  /** Networks, one of which the client's address is in. */
  readonly clientNetworks?: readonly string[] | undefined;
  /** Patterns of values by the names of header fields: one field of each name fits. */
  readonly headers: Readonly<Record<string, string>>;
  /** Like `verifiedDomain`, of a mailing list: its messages are accepted, whoever wrote them. */
  readonly listAllowDomain?: string | undefined;
  /** Where the messages go; otherwise where mail to the address goes. */
  readonly mailbox?: string | undefined;
  /** Another mail server of the user passes the messages on: what is known of that server says nothing about them. */
  readonly isForward: boolean;
  /** Where messages go that would be refused or taken for junk. */
  readonly acceptRejectsToMailbox?: string | undefined;
}
