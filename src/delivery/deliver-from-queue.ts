import type { Clock } from '../runtime/clock.ts';
import { parsePath } from '../smtp/parse-path.ts';
import type { Accounts } from '../store/accounts.ts';
import type { Delivery } from './create-delivery.ts';
import { errorReply } from './error-reply.ts';
import { requestedReply } from './requested-reply.ts';

/** A message that the queue has for recipients here. */
interface QueuedMessage {
  readonly id: number;
  /** Empty for the null sender. */
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly orcpt: string | undefined }[];
  /** Fields that go before the file. */
  readonly prefix: Uint8Array;
  /** Absolute; the file never changes. */
  readonly path: string;
  /** Of the file. */
  readonly sha256: Uint8Array;
  readonly smtputf8: boolean;
  readonly requireTls: boolean;
}

interface QueueReply {
  readonly code: number;
  readonly enhanced: string;
  readonly text: string;
}

/**
 * Makes the function with which the queue delivers to recipients here: a reply for each, in order. The queue itself sees to what
 * failed, and tells senders.
 * @param options.localServe try-out mode: addresses get the replies they ask for
 */
export function createQueueDelivery(options: {
  delivery: Pick<Delivery, 'deliver'>;
  accounts: Pick<Accounts, 'adopt'>;
  clock: Clock;
  localServe?: boolean;
}): (message: QueuedMessage) => Promise<QueueReply[]> {
  return async (message) => {
    const recipients = message.recipients.map(({ address, orcpt }) => ({
      address: parsePath(`<${address}>`, 0, 'forward').address!,
      ...(orcpt === undefined ? {} : { orcpt }),
    }));
    const requested = recipients.map(({ address }) =>
      options.localServe ? requestedReply(address.localpart) : undefined,
    );
    await using file = await options.accounts.adopt(message.path);
    const results = await options.delivery.deliver({
      file,
      envelope: {
        sender: parsePath(`<${message.sender}>`, 0, 'reverse').address,
        smtpUtf8: message.smtputf8,
        body: '8BITMIME',
        requireTls: message.requireTls,
      },
      reception: {},
      prefix: message.prefix,
      receivedAt: options.clock.now(),
      // After a restore the queue gives its ids again, to other messages.
      deliveryId: `${message.id} ${Buffer.from(message.sha256).toString('hex')}`,
      recipients: recipients.filter((_, at) => requested[at] === undefined),
    });
    const delivered = results.values();
    return requested.map((reply) => {
      const error = reply === undefined ? delivered.next().value?.error : errorOf(reply);
      if (error === undefined) return { code: 250, enhanced: '2.0.0', text: 'Delivered' };
      return { code: error.replyCode, enhanced: error.enhancedCode, text: error.publicText };
    });
  };
}

/** There is nobody to be silent to: it is as if the connection had broken. */
function errorOf(requested: NonNullable<ReturnType<typeof requestedReply>>) {
  return requested.kind === 'error' ? requested.error : errorReply(undefined);
}
