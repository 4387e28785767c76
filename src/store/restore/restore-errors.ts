import { RestanteError } from '../../runtime/errors.ts';

/** The backup of the account has no such mailbox. Nothing was changed. */
export class MailboxNotInBackupError extends RestanteError {
  constructor(mailbox: string, account: string, known: readonly string[]) {
    super(
      'mailbox-not-in-backup',
      `Cannot restore mailbox "${mailbox}": account "${account}" of the backup has none of that name`,
      { hint: `It has: ${listText(known)}`, context: { mailbox, account } },
    );
  }
}

/** No message is what was asked for. Nothing was changed. */
export class NothingChosenError extends RestanteError {
  constructor() {
    super('nothing-chosen', 'Cannot restore: nothing in the backup matches', {
      hint: 'Leave out some of --message-id, --uid, --since, --before and --search, or look with --list.',
    });
  }
}

/** For hints: not too many names. */
export function listText(names: readonly string[]): string {
  const shown = names.slice(0, 50).map((name) => `"${name}"`);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return shown.length === 0 ? 'none' : `${shown.join(', ')}${more}.`;
}
