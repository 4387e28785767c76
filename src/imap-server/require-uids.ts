import type { SearchKey } from '../imap/search-keys.ts';
import { RefusedError } from './reply.ts';
import type { Session } from './session.ts';

/**
 * Refuses what has message numbers in it, after ENABLE UIDONLY.
 * @throws RefusedError
 * Source: RFC 9586 §3.2
 */
export function requireUids(session: Session): void {
  if (session.uidOnly) throw new RefusedError('BAD', 'UIDREQUIRED', 'Message numbers cannot be used after UIDONLY');
}

/** The same of search keys; `$` is no number. Source: RFC 9586 §3.5 */
export function requireUidKeys(session: Session, key: SearchKey): void {
  if (session.uidOnly && hasNumbers(key)) requireUids(session);
}

function hasNumbers(key: SearchKey): boolean {
  if (key.kind === 'sequence') return !key.set.saved;
  if (key.kind === 'not' || key.kind === 'fuzzy') return hasNumbers(key.key);
  return (key.kind === 'and' || key.kind === 'or') && key.keys.some(hasNumbers);
}
