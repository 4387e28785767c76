import type { SearchKey } from '../imap/search-keys.ts';
import { freezeSearchKey } from './freeze-search-key.ts';
import { RefusedError, statusLine } from './reply.ts';
import { keysWithin } from './search-answers.ts';
import type { UpdatingSearch } from './search-context.ts';
import type { Session } from './session.ts';

/** RFC 5267 §4.3: the tag names the context. @throws RefusedError */
export function checkTagIsFree(session: Session, tag: string): void {
  if (session.selected?.contexts.has(tag) === true) throw new RefusedError('BAD', undefined, 'Tag reuse');
}

/** Has the client told from now on how the result of a search changes, or tells it that it won't be. Source: RFC 5267 §4.3 */
export function keepUpdated(session: Session, search: UpdatingSearch): void {
  const { mailbox } = session;
  // What is fuzzy changes with the index, too.
  const isFuzzy = keysWithin(search.key).some(({ kind }) => kind === 'fuzzy');
  const key: SearchKey | undefined = isFuzzy ? undefined : freezeSearchKey(search.key, mailbox);
  if (key !== undefined && mailbox.contexts.add({ ...search, key })) return;
  refuseUpdates(
    session,
    search.tag,
    key === undefined ? 'The result changes by itself' : 'Too many searches are kept up to date',
  );
}

/** Source: RFC 5267 §4.3.1 */
export function refuseUpdates(session: Session, tag: string, why: string): void {
  session.out.write(statusLine('*', 'NO', `NOUPDATE "${tag}"`, why));
}
