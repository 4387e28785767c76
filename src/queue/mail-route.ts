import type { SocksProxy } from '../smtp-client/socks-connect.ts';
import type { Relay } from './peer.ts';
import type { AttemptReply } from './queue.ts';
import type { MessageRow, RecipientRow } from './schema.ts';

/** What decides on the way out of a message for one recipient elsewhere. */
export interface RoutedMail {
  /** The account that submitted it. */
  readonly account: string | undefined;
  /** Reverse-path; empty for the null one. */
  readonly sender: string;
  /** Lower case, A-labels, or an address literal. */
  readonly recipientDomain: string;
  /** That have failed. */
  readonly attempts: number;
}

/** To the mail exchangers of the recipient's domain, to another server instead, or nowhere. */
export type MailRoute =
  | DirectRoute
  | { readonly kind: 'relay'; readonly name: string; readonly relay: Relay }
  /** The reply is for the sender: temporary, and the mail waits, or for good. */
  | { readonly kind: 'fail'; readonly reply: AttemptReply };

export interface DirectRoute {
  readonly kind: 'direct';
  /** Of the transport that says more; absent: as usual. */
  readonly name?: string;
  /** To addresses of this kind only. */
  readonly family?: 'ipv4' | 'ipv6';
  /** By a proxy, which looks up the addresses of mail exchangers. Asked for each session. When it throws, mail waits. */
  readonly proxy?: () => Promise<SocksProxy>;
}

/** Asked for each message and attempt: the same mail may get another route later. */
export type RouteFor = (mail: RoutedMail) => MailRoute;

/** What of a queued message and one of its recipients decides on its route. */
export function routedMail(message: MessageRow, recipient: RecipientRow): RoutedMail {
  return {
    account: message.account ?? undefined,
    sender: message.sender,
    recipientDomain: recipient.domain,
    attempts: recipient.attempts,
  };
}

/** Equal for mail that may share a session. */
export function routeKey(route: MailRoute): string {
  return route.kind === 'fail' ? route.kind : `${route.kind} ${route.name ?? ''}`;
}
