/** What a password for a single program is good for. */
export type AppPasswordScope = 'imap' | 'smtp';

/** A password for a single program, as people are shown it. Times in milliseconds. */
export interface AppPassword {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly AppPasswordScope[];
  readonly createdAt: number;
  /** To the minute. */
  readonly lastUsedAt: number | undefined;
}

export interface StoredAppPassword extends AppPassword {
  /** Of `hashAppPassword` of sasl/. */
  readonly hash: Uint8Array;
  readonly scramSha1: string;
  readonly scramSha256: string;
}
