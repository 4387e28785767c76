import type { AttemptReply } from './queue.ts';
import type { MessageRow, RecipientRow } from './schema.ts';

/** One message with those of its recipients that are due at one destination. */
export interface DeliveryJob {
  readonly message: MessageRow;
  readonly recipients: readonly RecipientRow[];
}

export interface DeliveryResult {
  /** One for each recipient of the job, in order. */
  readonly replies: readonly AttemptReply[];
  /**
   * What a 2xx reply means for the sender who asked to be told of success (RFC 3461 §5.2): `delivered` to a mailbox here, `relayed`
   * to a peer that doesn't tell, `passed-on` with the request to a peer that does.
   */
  readonly accepted: 'delivered' | 'relayed' | 'passed-on';
  /** Name of the transport by which it went, when it didn't go to the recipient's own servers. */
  readonly transport?: string;
  /** One for each recipient, in order: why no attempt was made, and the reply is our own. Absent: all were tried. */
  readonly untried?: readonly ('suppressed' | 'given-up' | undefined)[];
}

/** A way to one destination, used for one message after the other. */
export interface DeliveryRoute {
  /** Never throws for what is the peer's doing. */
  deliver(job: DeliveryJob, signal: AbortSignal): Promise<DeliveryResult>;
  close(): Promise<void>;
}
