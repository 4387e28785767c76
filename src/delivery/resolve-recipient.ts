/** An account's mailbox. */
export interface AccountRecipient {
  readonly kind: 'account';
  readonly account: string;
  readonly mailbox: string;
  /** As configured: for Delivered-To, and to know the same recipient under two names. */
  readonly address: string;
  /** Reports that come to this address are read. */
  readonly reports?: 'dmarc' | 'tls';
}

export interface AliasRecipient {
  readonly kind: 'alias';
  /** Address of the alias, as configured. */
  readonly name: string;
  /** Accounts, or addresses anywhere, which may be aliases again. */
  readonly members: readonly (AccountRecipient | string)[];
  /** False: only members may send to it. */
  readonly postPublic?: boolean;
}

export type Recipient =
  | AccountRecipient
  | AliasRecipient
  | { readonly kind: 'unknownUser' }
  | { readonly kind: 'notLocal' };

/**
 * Says whom an address is for.
 * @param localpart unquoted
 * @param domain undefined for the bare postmaster of RFC 5321 §4.1.1.3
 */
export type ResolveRecipient = (localpart: string, domain: string | undefined) => Recipient;
