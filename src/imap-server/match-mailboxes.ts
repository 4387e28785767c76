import type { MailboxFilter } from '../imap/mailbox-filter.ts';
import { normaliseMailboxName } from '../store/mailbox-name.ts';
import { MailboxNameError } from '../store/store-errors.ts';
import type { Session } from './session.ts';

/** A name, and whether the user has subscribed to it. */
interface NamedMailbox {
  readonly name: string;
  readonly subscribed: boolean;
  /** Whether it is another account's, so that it is in nobody's personal namespace. */
  readonly shared?: boolean;
}

/**
 * The test of a specification of mailboxes that need not be selected; `selected` matches none. Rules may deliver to any mailbox, so
 * that all are inboxes. Names of mailboxes that don't exist are passed over.
 * @throws RefusedError for names that are not validly encoded
 * Source: RFC 5465 §6, RFC 7377 §2.2
 */
export function mailboxMatcher(session: Session, filter: MailboxFilter): (mailbox: NamedMailbox) => boolean {
  switch (filter.kind) {
    case 'selected':
    case 'selected-delayed':
      return () => false;
    case 'inboxes':
    case 'personal':
      return ({ shared = false }) => !shared;
    case 'subscribed':
      return ({ subscribed }) => subscribed;
  }
  const names = new Set<string>();
  for (const bytes of filter.names) {
    const name = normal(session.mailboxName(bytes));
    if (name !== undefined) names.add(name);
  }
  if (filter.kind === 'mailboxes') return ({ name }) => names.has(name);
  if (filter.kind === 'subtree-one') return ({ name }) => names.has(name) || names.has(parentOf(name));
  return ({ name }) => {
    for (let above = name; ; above = parentOf(above)) {
      if (names.has(above)) return true;
      if (above === '') return false;
    }
  };
}

/** Empty for the root. */
function parentOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('/'), 0));
}

/** @returns undefined when it is no name */
function normal(name: string): string | undefined {
  if (name === '') return '';
  try {
    return normaliseMailboxName(name.replace(/\/$/, ''));
  } catch (error) {
    if (error instanceof MailboxNameError) return undefined;
    throw error;
  }
}
