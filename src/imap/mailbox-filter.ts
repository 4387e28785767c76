import type { ByteText } from '../message/structure.ts';
import type { ArgumentParser } from './argument-parser.ts';

/** Which mailboxes are meant; names as the client wrote them. */
export type MailboxFilter =
  | { readonly kind: 'selected' | 'selected-delayed' | 'inboxes' | 'personal' | 'subscribed' }
  | { readonly kind: 'subtree' | 'subtree-one' | 'mailboxes'; readonly names: readonly ByteText[] };

/**
 * Parses the specification of mailboxes that NOTIFY and ESEARCH share.
 * @throws ImapSyntaxError
 * Source: RFC 5465 §6 and §8 `filter-mailboxes`, RFC 7377 §2.2 (SUBTREE-ONE)
 */
export function parseMailboxFilter(parser: ArgumentParser): MailboxFilter {
  const word = parser.word();
  switch (word) {
    case 'SELECTED':
    case 'SELECTED-DELAYED':
    case 'INBOXES':
    case 'PERSONAL':
    case 'SUBSCRIBED':
      return { kind: word.toLowerCase() as 'selected' };
    case 'SUBTREE':
    case 'SUBTREE-ONE':
    case 'MAILBOXES':
      parser.space();
      return { kind: word.toLowerCase() as 'subtree', names: parseNames(parser) };
  }
  return parser.fail('Unknown mailbox specifier');
}

function parseNames(parser: ArgumentParser): ByteText[] {
  if (parser.peek() !== '(') return [parser.astring()];
  const names: ByteText[] = [];
  parser.list(() => names.push(parser.astring()), 1);
  return names;
}
