import type { BodyType } from '../smtp/mail-command.ts';
import type { TemporaryFile } from '../store/messages/received-file.ts';

/** What delivery asks of the queue. */
export interface OutgoingQueue {
  /** Durable when the promise resolves; the file stays the caller's to dispose of. */
  submit(message: OutgoingMessage): Promise<{ ids: number[] }>;
}

export interface OutgoingMessage {
  /** Empty for the null sender. */
  readonly sender: string;
  readonly recipients: readonly {
    readonly address: string;
    readonly notify?: readonly string[];
    readonly orcpt?: string;
  }[];
  readonly file: TemporaryFile;
  readonly prefix?: Uint8Array;
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
  readonly smtputf8: boolean;
  readonly body: BodyType;
  readonly requireTls: boolean;
  readonly isDsn?: boolean;
}
