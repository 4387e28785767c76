/** Authentication of messages: DKIM, ARC, SPF, DMARC. */
export const mailauthLimits = {
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
} as const;
