import type { Address } from '../smtp/address.ts';
import type { BodyType } from '../smtp/mail-command.ts';
import type { Reception } from '../store/messages/new-message.ts';
import type { ReceivedFile } from '../store/messages/received-file.ts';
import type { SenderVerdict } from './sender-verdict.ts';

/** A message that this server has received in full, whoever sent it. Its file stays the caller's to dispose of. */
export interface IncomingMessage {
  readonly file: ReceivedFile;
  readonly envelope: Envelope;
  /** Who brought it, for the record of the message. */
  readonly reception: Pick<Reception, 'remoteAddress' | 'helloName' | 'tlsVersion' | 'tlsCipher'>;
  /** Fields that go before the file for every recipient, such as the Received field of this hop. */
  readonly prefix: Uint8Array;
  /** Milliseconds. */
  readonly receivedAt: number;
  readonly recipients: readonly IncomingRecipient[];
  /** Who sent it, when it came from another server and that was looked into. */
  readonly sender?: SenderVerdict;
  /** It brought a report, which is stored. */
  readonly isReport?: boolean;
  /** The same for every attempt to deliver this message, and for no other: each recipient gets it once. */
  readonly deliveryId?: string;
}

export interface Envelope {
  /** Undefined for the null sender. */
  readonly sender: Address | undefined;
  readonly smtpUtf8: boolean;
  readonly body: BodyType;
  readonly requireTls: boolean;
  readonly ret?: 'FULL' | 'HDRS';
  /** xtext, as received. */
  readonly envid?: string;
}

export interface IncomingRecipient {
  readonly address: Address;
  readonly notify?: readonly string[];
  /** `type;xtext`, as received. */
  readonly orcpt?: string;
}
