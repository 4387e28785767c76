import type { Flags } from '../flags.ts';
import type { ReceivedFile } from './received-file.ts';

export interface NewMessage {
  /** By name: created if it is missing (deliveries), or must exist (`createMissing` false). */
  readonly mailbox: number | string;
  readonly createMissing?: boolean;
  readonly file: ReceivedFile;
  readonly prefix?: Uint8Array;
  readonly flags?: Flags;
  /** INTERNALDATE in milliseconds; default now. */
  readonly receivedAt?: number;
  readonly reception?: Reception;
  /** Of a message that was refused: where it would have been, by name. */
  readonly destinedMailbox?: string;
  /**
   * Names a delivery that may be repeated after a crash, when nobody knows whether it was done: adding it again throws
   * AlreadyDeliveredError. The last `limits.rememberedDeliveries` of an account are known.
   */
  readonly deliveryId?: Uint8Array;
}

/** SMTP facts of a received message, kept in the row for reputation and display. */
export interface Reception {
  readonly remoteAddress?: string;
  readonly helloName?: string;
  readonly mailFrom?: string;
  readonly rcptTo?: string;
  readonly tlsVersion?: string;
  readonly tlsCipher?: string;
  readonly requireTls?: boolean;
  /** Another server of the user passed it on. */
  readonly isForward?: boolean;
  /** It was refused, and is kept for the user to see. */
  readonly isReject?: boolean;
  /** What was found out about who sent it; missing when nothing was looked into. */
  readonly validation?: Validation;
}

/** How names and domains were shown to be the sender's. */
export interface Validation {
  readonly hello: 'none' | 'spf';
  readonly mailFrom: 'none' | 'spf';
  /** `aligned`: its domain publishes no DMARC policy, and SPF or DKIM passes for just that domain. */
  readonly from: 'none' | 'dmarc' | 'aligned';
  /** Domain of the author's organisation, when it was found out: RFC 9989 §4.10.2. */
  readonly organisation?: string | undefined;
  /** Domains whose signatures are valid. */
  readonly dkimDomains: readonly string[];
}

export interface AddedMessage {
  readonly mailboxId: number;
  readonly mailboxName: string;
  readonly uid: number;
  readonly uidValidity: number;
  readonly modseq: number;
  readonly contentId: number;
}
