import type { Command } from './command.ts';
import { append } from './commands/append.ts';
import { authenticate } from './commands/authenticate.ts';
import { cancelUpdate } from './commands/cancel-update.ts';
import { capability } from './commands/capability.ts';
import { close, unselect } from './commands/close.ts';
import { compress } from './commands/compress.ts';
import { copy, move, uidCopy, uidMove } from './commands/copy.ts';
import { create } from './commands/create.ts';
import { deleteMailbox } from './commands/delete.ts';
import { enable } from './commands/enable.ts';
import { esearch } from './commands/esearch.ts';
import { expunge, uidExpunge } from './commands/expunge.ts';
import { fetch, uidFetch } from './commands/fetch.ts';
import { genUrlAuth } from './commands/gen-url-auth.ts';
import { getAcl, listRights, myRights } from './commands/get-acl.ts';
import { getMetadata } from './commands/get-metadata.ts';
import { id } from './commands/id.ts';
import { idle } from './commands/idle.ts';
import { list } from './commands/list.ts';
import { login } from './commands/login.ts';
import { logout } from './commands/logout.ts';
import { lsub } from './commands/lsub.ts';
import { namespace } from './commands/namespace.ts';
import { check, noop } from './commands/noop.ts';
import { notify } from './commands/notify.ts';
import { getQuota, getQuotaRoot, setQuota } from './commands/quota.ts';
import { rename } from './commands/rename.ts';
import { replace, uidReplace } from './commands/replace.ts';
import { resetKey } from './commands/reset-key.ts';
import { search, uidSearch } from './commands/search.ts';
import { examine, select } from './commands/select.ts';
import { deleteAcl, setAcl } from './commands/set-acl.ts';
import { setMetadata } from './commands/set-metadata.ts';
import { sort, uidSort } from './commands/sort.ts';
import { starttls } from './commands/starttls.ts';
import { status } from './commands/status.ts';
import { store, uidStore } from './commands/store.ts';
import { subscribe, unsubscribe } from './commands/subscribe.ts';
import { thread, uidThread } from './commands/thread.ts';
import { uidBatches } from './commands/uid-batches.ts';
import { unauthenticate } from './commands/unauthenticate.ts';
import { urlFetch } from './commands/url-fetch.ts';

/** All commands, by name in upper case. */
export const commandMap: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['APPEND', append],
  ['AUTHENTICATE', authenticate],
  ['CANCELUPDATE', cancelUpdate],
  ['CAPABILITY', capability],
  ['CHECK', check],
  ['CLOSE', close],
  ['COMPRESS', compress],
  ['COPY', copy],
  ['CREATE', create],
  ['DELETE', deleteMailbox],
  ['DELETEACL', deleteAcl],
  ['ENABLE', enable],
  ['ESEARCH', esearch],
  ['EXAMINE', examine],
  ['EXPUNGE', expunge],
  ['FETCH', fetch],
  ['GENURLAUTH', genUrlAuth],
  ['GETMETADATA', getMetadata],
  ['GETACL', getAcl],
  ['GETQUOTA', getQuota],
  ['GETQUOTAROOT', getQuotaRoot],
  ['ID', id],
  ['IDLE', idle],
  ['LIST', list],
  ['LISTRIGHTS', listRights],
  ['LOGIN', login],
  ['LOGOUT', logout],
  ['LSUB', lsub],
  ['MOVE', move],
  ['MYRIGHTS', myRights],
  ['NAMESPACE', namespace],
  ['NOOP', noop],
  ['NOTIFY', notify],
  ['RENAME', rename],
  ['REPLACE', replace],
  ['RESETKEY', resetKey],
  ['SEARCH', search],
  ['SELECT', select],
  ['SETMETADATA', setMetadata],
  ['SETACL', setAcl],
  ['SETQUOTA', setQuota],
  ['SORT', sort],
  ['STARTTLS', starttls],
  ['STATUS', status],
  ['STORE', store],
  ['SUBSCRIBE', subscribe],
  ['THREAD', thread],
  ['UIDBATCHES', uidBatches],
  ['UID COPY', uidCopy],
  ['UID EXPUNGE', uidExpunge],
  ['UID FETCH', uidFetch],
  ['UID MOVE', uidMove],
  ['UID REPLACE', uidReplace],
  ['UID SEARCH', uidSearch],
  ['UID SORT', uidSort],
  ['UID STORE', uidStore],
  ['UID THREAD', uidThread],
  ['UNAUTHENTICATE', unauthenticate],
  ['UNSELECT', unselect],
  ['UNSUBSCRIBE', unsubscribe],
  ['URLFETCH', urlFetch],
]);
