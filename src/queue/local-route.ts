import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import type { AttemptReply } from './queue.ts';

/** A message for recipients here. */
export interface LocalMessage {
  /** Given once, but after a restore again to other messages. With `sha256` it tells a repetition after a crash. */
  readonly id: number;
  /** Reverse-path; empty for the null one. */
  readonly sender: string;
  /** The account that submitted it. */
  readonly account: string | undefined;
  readonly recipients: readonly {
    readonly id: number;
    readonly address: string;
    readonly orcpt: string | undefined;
  }[];
  /** Header fields that go before the file. */
  readonly prefix: Uint8Array;
  /** Absolute path of the message file, which stays until the promise settles and is never changed: it may be hard-linked. */
  readonly path: string;
  /** Of the file. */
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
  readonly smtputf8: boolean;
  readonly requireTls: boolean;
  readonly isDsn: boolean;
}

/**
 * Stores a message for recipients here, durably.
 * @returns a reply for each recipient, in order: 2xx delivered, 4xx to be tried again, 5xx refused for good
 */
export type DeliverLocally = (message: LocalMessage, signal: AbortSignal) => Promise<readonly AttemptReply[]>;

export class LocalRoute implements DeliveryRoute {
  readonly #deliverLocally: DeliverLocally;
  readonly #pathOf: (messageId: number) => string;

  constructor(deliverLocally: DeliverLocally, pathOf: (messageId: number) => string) {
    this.#deliverLocally = deliverLocally;
    this.#pathOf = pathOf;
  }

  async deliver({ message, recipients }: DeliveryJob, signal: AbortSignal): Promise<DeliveryResult> {
    const replies = await this.#deliverLocally(
      {
        id: message.id,
        sender: message.sender,
        account: message.account ?? undefined,
        recipients: recipients.map(({ id, address, orcpt }) => ({ id, address, orcpt: orcpt ?? undefined })),
        prefix: message.prefix,
        path: this.#pathOf(message.id),
        sizeBytes: message.size_bytes,
        sha256: message.sha256,
        smtputf8: message.smtputf8 === 1,
        requireTls: message.require_tls === 1,
        isDsn: message.is_dsn === 1,
      },
      signal,
    );
    return { replies, accepted: 'delivered' };
  }

  async close(): Promise<void> {}
}
