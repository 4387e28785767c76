import { RestanteError } from '../runtime/errors.ts';

/**
 * Errors of the store. Those that operations throw in a write worker arrive with code, message and context only;
 * {@link reviveStoreError} gives them their class back.
 */
abstract class StoreError extends RestanteError {}

export class MailboxNotFoundError extends StoreError {
  constructor(mailbox: string | number, action = 'use') {
    super('mailbox-not-found', `Cannot ${action} mailbox "${mailbox}": it does not exist`, { context: { mailbox } });
  }
}

export class AccountExistsError extends StoreError {
  constructor(account: string) {
    super('account-exists', `Cannot make account "${account}": it exists`, { context: { account } });
  }
}

export class MailboxExistsError extends StoreError {
  constructor(mailbox: string, action = 'create') {
    super('mailbox-exists', `Cannot ${action} mailbox "${mailbox}": it exists`, { context: { mailbox } });
  }
}

/** The name is not one that a mailbox can have. */
export class MailboxNameError extends StoreError {
  constructor(mailbox: string, detail: string) {
    super('mailbox-name', `Cannot use mailbox name "${mailbox.slice(0, 200)}": ${detail}`, {
      context: { mailbox: mailbox.slice(0, 200) },
    });
  }
}

export class MailboxHasChildrenError extends StoreError {
  constructor(mailbox: string) {
    super('mailbox-has-children', `Cannot delete mailbox "${mailbox}": it has mailboxes below it`, {
      context: { mailbox },
    });
  }
}

/** It was to be deleted only without messages. */
export class MailboxNotEmptyError extends StoreError {
  constructor(mailbox: string) {
    super('mailbox-not-empty', `Cannot delete mailbox "${mailbox}": it holds messages`, { context: { mailbox } });
  }
}

/** It has been expunged, or never was. */
export class MessageNotFoundError extends StoreError {
  constructor(mailbox: string, uid: number) {
    super('message-not-found', `Cannot replace message ${uid} of mailbox "${mailbox}": it does not exist`, {
      context: { mailbox, uid },
    });
  }
}

/** Inbox always exists (RFC 9051 §5.1). */
export class InboxRequiredError extends StoreError {
  constructor(action: string) {
    super('inbox-required', `Cannot ${action} mailbox "Inbox": every account has it`);
  }
}

/** Another mailbox has the special use. */
export class SpecialUseTakenError extends StoreError {
  constructor(specialUse: string, mailbox: string) {
    super('special-use-taken', `Cannot give special use "${specialUse}": mailbox "${mailbox}" has it`, {
      context: { specialUse, mailbox },
    });
  }
}

export class OverQuotaError extends StoreError {
  constructor(used: number, needed: number, limit: number, unit: 'bytes' | 'messages' = 'bytes') {
    super('over-quota', `Cannot add ${needed} ${unit}: the account uses ${used} of ${limit} ${unit} that it may use`, {
      context: { used, needed, limit, unit },
      hint: 'Delete messages, or raise the limit in the configuration of the account.',
    });
  }
}

/** A limit of `limits.ts` that keeps one account's records bounded: keywords, mailboxes, annotations. `context.limit` names it. */
export class StoreLimitError extends StoreError {
  constructor(action: string, limit: string, maximum: number) {
    super('store-limit', `Cannot ${action}: at most ${maximum} are allowed`, { context: { limit, maximum } });
  }
}

export class KeywordNameError extends StoreError {
  constructor(keyword: string) {
    super('keyword-name', `Cannot use keyword "${keyword.slice(0, 100)}": it is no atom, or too long`, {
      context: { keyword: keyword.slice(0, 100) },
    });
  }
}

export class MessageTooLargeError extends StoreError {
  constructor(limitBytes: number) {
    super('message-too-large', `Cannot take message: it is larger than ${limitBytes} bytes`, {
      context: { limitBytes },
    });
  }
}

/** No space, or no quota of the file system. The same may succeed later. */
export class DiskFullError extends StoreError {
  constructor(action: string, path: string, cause: unknown) {
    super('disk-full', `Cannot ${action} "${path}": the disk is full`, {
      context: { path },
      cause,
      hint: 'Free some disk space: `df -h` shows what is used.',
    });
  }
}

/** A message file is missing, damaged, or can't be read or written. */
export class MessageFileError extends StoreError {
  constructor(action: string, path: string, detail: string, cause?: unknown) {
    super('message-file', `Cannot ${action} message file "${path}": ${detail}`, {
      context: { path },
      cause,
      hint: 'Find what is lost: `restante verifydata`. Messages can be restored from a backup.',
    });
  }
}

export class AccountNameError extends StoreError {
  constructor(account: string) {
    super('account-name', `Cannot use account name "${account.slice(0, 100)}": it is not one`, {
      context: { account: account.slice(0, 100) },
    });
  }
}

export class AccountNotFoundError extends StoreError {
  constructor(account: string, action: string) {
    super('account-not-found', `Cannot ${action} account "${account}": it does not exist`, { context: { account } });
  }
}

/** Somebody has the account open, or a snapshot needs its files. */
export class AccountBusyError extends StoreError {
  constructor(account: string, detail: string) {
    super('account-busy', `Cannot remove account "${account}": ${detail}`, { context: { account } });
  }
}

/** Thrown at closing when `checkWhenClosed` is set: tests find broken invariants where they arise. */
export class InconsistentAccountError extends StoreError {
  constructor(account: string, findings: readonly string[]) {
    super('account-inconsistent', `Cannot trust account "${account}": ${findings.join('; ')}`, {
      context: { account, findings },
    });
  }
}

/** The message was delivered before, by an attempt whose outcome nobody knew of. */
export class AlreadyDeliveredError extends StoreError {
  constructor() {
    super('already-delivered', 'Cannot deliver the message: it was delivered before');
  }
}

export class AppPasswordNameError extends StoreError {
  constructor(name: string, detail: string) {
    super('app-password-name', `Cannot add app password "${name.slice(0, 100)}": ${detail}`);
  }
}

/** Errors of operations; they mean that no row was changed. */
const classes: Record<string, { readonly prototype: StoreError }> = {
  'mailbox-not-found': MailboxNotFoundError,
  'mailbox-exists': MailboxExistsError,
  'mailbox-name': MailboxNameError,
  'mailbox-has-children': MailboxHasChildrenError,
  'mailbox-not-empty': MailboxNotEmptyError,
  'inbox-required': InboxRequiredError,
  'special-use-taken': SpecialUseTakenError,
  'over-quota': OverQuotaError,
  'store-limit': StoreLimitError,
  'message-not-found': MessageNotFoundError,
  'already-delivered': AlreadyDeliveredError,
  'disk-full': DiskFullError,
  'message-file': MessageFileError,
};

/**
 * Gives an error that crossed a thread boundary its class.
 * @returns undefined for errors that no operation of the store throws
 */
export function reviveStoreError(error: unknown): RestanteError | undefined {
  if (error instanceof StoreError) return error;
  if (!(error instanceof RestanteError) || !Object.hasOwn(classes, error.code)) return undefined;
  return Object.setPrototypeOf(error, classes[error.code]!.prototype) as RestanteError;
}
