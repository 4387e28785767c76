/** A key whose certificates let clients in to one account. */
export interface TlsPublicKey {
  /** As `ClientKey` of sasl/ has it. */
  readonly fingerprint: string;
  readonly type: string;
  /** For people. */
  readonly name: string;
  readonly account: string;
  /** The address, or name of the account, that the client is logged in as. */
  readonly login: string;
  /** Its IMAP connections wait for AUTHENTICATE, instead of beginning logged in. */
  readonly noImapPreauth: boolean;
  /** Milliseconds. */
  readonly createdAt: number;
  /** DER. */
  readonly certificate: Uint8Array;
}

/** What lets in by a key carries this as the id of its credential. */
export function keyCredentialId(fingerprint: string): string {
  return `tls:${fingerprint}`;
}
