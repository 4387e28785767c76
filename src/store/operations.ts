import { addImportedMessages } from './operations/add-imported-messages.ts';
import { addMessages, addMessageWithFile, writeMessageFile } from './operations/add-messages.ts';
import { addMissingMessages } from './operations/add-missing-messages.ts';
import { addAppPassword, noteAppPasswordUse, removeAppPassword } from './operations/app-passwords.ts';
import { beginImport } from './operations/begin-import.ts';
import { bumpUidValidity } from './operations/bump-uid-validity.ts';
import { changeAcl, clearAcls } from './operations/change-acl.ts';
import { copyMessages } from './operations/copy-messages.ts';
import { createMailbox } from './operations/create-mailbox.ts';
import { deleteMailbox } from './operations/delete-mailbox.ts';
import { expungeMessages } from './operations/expunge-messages.ts';
import { expungeMoved, forgetMove } from './operations/expunge-moved.ts';
import { forgetErased } from './operations/forget-erased.ts';
import { initialiseAccount } from './operations/initialise-account.ts';
import { moveMessages } from './operations/move-messages.ts';
import { noteRecent } from './operations/note-recent.ts';
import { noteRecipients } from './operations/note-recipients.ts';
import { passOverUnknown } from './operations/pass-over-unknown.ts';
import { reassignThreads } from './operations/reassign-threads.ts';
import { recalculateCounts } from './operations/recalculate-counts.ts';
import { releaseContentIds } from './operations/release-content-ids.ts';
import { renameMailbox } from './operations/rename-mailbox.ts';
import { repairSizes } from './operations/repair-sizes.ts';
import { repairUidMeta } from './operations/repair-uid-meta.ts';
import { replaceFacts } from './operations/replace-facts.ts';
import { replaceMessage } from './operations/replace-message.ts';
import { reserveContentIds } from './operations/reserve-content-ids.ts';
import { restoreMailbox } from './operations/restore-mailbox.ts';
import { setAnnotations } from './operations/set-annotations.ts';
import { setCredentials } from './operations/set-credentials.ts';
import { setQuota } from './operations/set-quota.ts';
import { setSpecialUse } from './operations/set-special-use.ts';
import { setSubscribed } from './operations/set-subscribed.ts';
import { settleImport } from './operations/settle-import.ts';
import { storeExpungedFlags } from './operations/store-expunged-flags.ts';
import { storeFlags } from './operations/store-flags.ts';
import { updateImportedFlags } from './operations/update-imported-flags.ts';
import { makeUrlKey, removeUrlKeys } from './operations/url-keys.ts';

export { migrations } from './migrations.ts';

/** All that changes an account's database; runs in a write worker. */
export const operations = {
  addAppPassword,
  addImportedMessages,
  addMessages,
  addMessageWithFile,
  addMissingMessages,
  beginImport,
  bumpUidValidity,
  changeAcl,
  clearAcls,
  copyMessages,
  createMailbox,
  deleteMailbox,
  expungeMessages,
  expungeMoved,
  forgetErased,
  forgetMove,
  initialiseAccount,
  makeUrlKey,
  moveMessages,
  noteAppPasswordUse,
  noteRecent,
  noteRecipients,
  passOverUnknown,
  reassignThreads,
  recalculateCounts,
  releaseContentIds,
  removeAppPassword,
  removeUrlKeys,
  renameMailbox,
  repairSizes,
  repairUidMeta,
  replaceFacts,
  replaceMessage,
  reserveContentIds,
  restoreMailbox,
  setAnnotations,
  setCredentials,
  setQuota,
  setSpecialUse,
  setSubscribed,
  settleImport,
  storeExpungedFlags,
  storeFlags,
  updateImportedFlags,
};

export const preparations = { addMessageWithFile: writeMessageFile };
