import { addMessages } from './operations/add-messages.ts';
import { bumpUidValidity } from './operations/bump-uid-validity.ts';
import { copyMessages } from './operations/copy-messages.ts';
import { createMailbox } from './operations/create-mailbox.ts';
import { deleteMailbox } from './operations/delete-mailbox.ts';
import { expungeMessages } from './operations/expunge-messages.ts';
import { forgetErased } from './operations/forget-erased.ts';
import { initialiseAccount } from './operations/initialise-account.ts';
import { moveMessages } from './operations/move-messages.ts';
import { noteRecipients } from './operations/note-recipients.ts';
import { passOverUnknown } from './operations/pass-over-unknown.ts';
import { releaseContentIds } from './operations/release-content-ids.ts';
import { renameMailbox } from './operations/rename-mailbox.ts';
import { reserveContentIds } from './operations/reserve-content-ids.ts';
import { setAnnotation } from './operations/set-annotation.ts';
import { setCredentials } from './operations/set-credentials.ts';
import { setQuota } from './operations/set-quota.ts';
import { setSpecialUse } from './operations/set-special-use.ts';
import { setSubscribed } from './operations/set-subscribed.ts';
import { storeFlags } from './operations/store-flags.ts';

export { migrations } from './migrations.ts';

/** All that changes an account's database; runs in a write worker. */
export const operations = {
  addMessages,
  bumpUidValidity,
  copyMessages,
  createMailbox,
  deleteMailbox,
  expungeMessages,
  forgetErased,
  initialiseAccount,
  moveMessages,
  noteRecipients,
  passOverUnknown,
  releaseContentIds,
  renameMailbox,
  reserveContentIds,
  setAnnotation,
  setCredentials,
  setQuota,
  setSpecialUse,
  setSubscribed,
  storeFlags,
};
