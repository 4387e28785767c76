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
import { search, uidSearch } from './commands/search.ts';
import { examine, select } from './commands/select.ts';
import { sort, uidSort } from './commands/sort.ts';
import { starttls } from './commands/starttls.ts';
import { status } from './commands/status.ts';
import { store, uidStore } from './commands/store.ts';
import { subscribe, unsubscribe } from './commands/subscribe.ts';
import { unauthenticate } from './commands/unauthenticate.ts';

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
  ['ENABLE', enable],
  ['ESEARCH', esearch],
  ['EXAMINE', examine],
  ['EXPUNGE', expunge],
  ['FETCH', fetch],
  ['GETQUOTA', getQuota],
  ['GETQUOTAROOT', getQuotaRoot],
  ['ID', id],
  ['IDLE', idle],
  ['LIST', list],
  ['LOGIN', login],
  ['LOGOUT', logout],
  ['LSUB', lsub],
  ['MOVE', move],
  ['NAMESPACE', namespace],
  ['NOOP', noop],
  ['NOTIFY', notify],
  ['RENAME', rename],
  ['SEARCH', search],
  ['SELECT', select],
  ['SETQUOTA', setQuota],
  ['SORT', sort],
  ['STARTTLS', starttls],
  ['STATUS', status],
  ['STORE', store],
  ['SUBSCRIBE', subscribe],
  ['UID COPY', uidCopy],
  ['UID EXPUNGE', uidExpunge],
  ['UID FETCH', uidFetch],
  ['UID MOVE', uidMove],
  ['UID SEARCH', uidSearch],
  ['UID SORT', uidSort],
  ['UID STORE', uidStore],
  ['UNAUTHENTICATE', unauthenticate],
  ['UNSELECT', unselect],
  ['UNSUBSCRIBE', unsubscribe],
]);
