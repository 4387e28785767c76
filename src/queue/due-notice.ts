import type { DeliveryResult } from './delivery-route.ts';
import type { AttemptReply } from './queue.ts';

/** What a DSN tells of a recipient (RFC 3464 §2.3.3). */
export type NoticeAction = 'failed' | 'delayed' | 'delivered' | 'relayed';

/** What became of a recipient in one attempt. */
export type RecipientEnd =
  | { readonly kind: 'accepted'; readonly accepted: DeliveryResult['accepted'] }
  | { readonly kind: 'failed' }
  | { readonly kind: 'retry'; readonly delayNotice: boolean };

export function isAccepted(reply: AttemptReply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

export function isPermanent(reply: AttemptReply): boolean {
  return reply.code >= 500;
}

/**
 * Whether the sender is told, and what of.
 * @param notify RFC 3461 NOTIFY conditions; undefined when none were given: then of failures, and of delays (RFC 3461 §4.1 leaves
 *   that to us)
 * @param sender nobody is told when it is the null reverse-path (RFC 5321 §4.5.5, RFC 3461 §5.1)
 */
export function dueNotice(
  end: RecipientEnd,
  notify: readonly string[] | undefined,
  sender: string,
): NoticeAction | undefined {
  if (sender === '' || notify?.includes('NEVER')) return undefined;
  switch (end.kind) {
    case 'failed':
      return notify === undefined || notify.includes('FAILURE') ? 'failed' : undefined;
    case 'retry':
      return end.delayNotice && (notify === undefined || notify.includes('DELAY')) ? 'delayed' : undefined;
    case 'accepted':
      if (end.accepted === 'passed-on' || !notify?.includes('SUCCESS')) return undefined;
      return end.accepted;
  }
}
