import type { AttemptReply } from './queue.ts';

/** What webhooks tell of messages that an account sent. */
export type OutgoingEvent =
  | 'delivered'
  | 'suppressed'
  | 'delayed'
  | 'failed'
  | 'relayed'
  | 'expanded'
  | 'canceled'
  | 'unrecognized';

/** Which events are wanted, by account. */
export type WantedEvents = Readonly<Record<string, readonly OutgoingEvent[]>>;

/** Of a row in `recipient`, or of one that is retired. */
interface TheRecipient {
  readonly id: number;
  readonly message_id: number;
  readonly account: string | null;
  readonly sender: string;
  readonly address: string;
  readonly subject: string;
  readonly message_id_header: string;
  readonly queued_at: number;
}

export interface OutgoingEventDetails {
  readonly attempts: number;
  readonly reply: AttemptReply | undefined;
  readonly transport?: string | undefined;
  /** Only with `delayed`. */
  readonly nextAttemptAt?: number;
  /** A notification that came in says it, rather than a server that was sent to. */
  readonly byNotice?: boolean;
  /** The address is suppressed from now on. */
  readonly suppressing?: boolean;
}

/** The body of a webhook's request, as JSON. Members are added to it, never taken away or changed, while `version` is 1. */
export function outgoingPayload(
  event: OutgoingEvent,
  recipient: TheRecipient,
  details: OutgoingEventDetails,
  now: number,
): string {
  const { attempts, reply, transport, nextAttemptAt, byNotice, suppressing } = details;
  return JSON.stringify({
    version: 1,
    event,
    at: new Date(now).toISOString(),
    account: recipient.account,
    queueId: recipient.id,
    queueMessageId: recipient.message_id,
    messageId: recipient.message_id_header,
    subject: recipient.subject,
    sender: recipient.sender,
    recipient: recipient.address,
    queuedAt: new Date(recipient.queued_at).toISOString(),
    attempts,
    ...(reply === undefined ? {} : { reply }),
    ...(transport === undefined ? {} : { transport }),
    ...(nextAttemptAt === undefined ? {} : { nextAttemptAt: new Date(nextAttemptAt).toISOString() }),
    byNotice: byNotice ?? false,
    suppressing: suppressing ?? false,
  });
}
