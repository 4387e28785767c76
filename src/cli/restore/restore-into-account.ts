import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RestoreAccountResult } from '../../control/restore/restore-account.ts';
import { exitCode, UsageError } from '../exit-code.ts';
import { JsonEvents } from '../json-events.ts';
import { serverOrOfflineRequest } from '../server-request.ts';
import { type RestoreCommandOptions, selectionOf } from './restore-options.ts';

/** Brings mail of one account back into the running server. */
export async function restoreIntoAccount(
  command: Command,
  backup: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const { mode = 'merge', into, as, mailbox } = options;
  if (mode !== 'merge' && mode !== 'mirror') {
    throw new UsageError(`Cannot restore in mode "${mode}"`, 'The modes are merge and mirror.');
  }
  const selection = selectionOf(options);
  if (mode === 'mirror' && (selection !== undefined || into !== undefined)) {
    throw new UsageError(
      'Cannot mirror a selection of messages',
      'A mirror is of a whole account, or of one --mailbox, and goes to where it was. Leave --mode away to bring messages back.',
    );
  }
  const events = options.json ? new JsonEvents() : undefined;
  const request = {
    backup: resolve(backup),
    account: options.account,
    selection: { ...(mailbox === undefined ? {} : { mailbox }), ...selection },
    mode,
    ...(as === undefined ? {} : { as }),
    ...(into === undefined ? {} : { intoMailbox: into }),
    dryRun: options.dryRun ?? false,
    allowIncomplete: options.allowIncomplete ?? false,
  };
  const shown = events === undefined ? {} : { shown: events };
  const result = (await serverOrOfflineRequest(command, 'restoreAccount', request, shown)) as RestoreAccountResult;
  if (events !== undefined) events.result(result);
  else print(result);
  if (result.skipped > 0) process.exitCode = exitCode.incomplete;
}

type Outcome = NonNullable<RestoreAccountResult['mailboxes'][number]['outcome']>;

const outcomes: Record<Outcome, [did: string, would: string]> = {
  created: ['made', 'would be made'],
  revived: ['is back, with its UIDVALIDITY', 'would come back, with its UIDVALIDITY'],
  renamed: ['has its name back', 'would get its name back'],
  deleted: ['deleted', 'would be deleted'],
};

function print(result: RestoreAccountResult): void {
  const { account, instant, restored, fromTrash, alreadyThere, changed, moved, removed, skipped, dryRun } = result;
  const counts = [
    `${restored} restored${fromTrash > 0 ? ` (${fromTrash} from the trash)` : ''}`,
    `${alreadyThere} already there`,
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(moved > 0 ? [`${moved} moved`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
    `${skipped} skipped`,
  ].join(', ');
  const write = (text: string): void => void process.stdout.write(`${text}\n`);
  write(`${account}: ${counts}, as of ${instant}${dryRun ? '; this was a dry run, nothing was changed' : ''}`);
  for (const { mailbox, outcome } of result.mailboxes) {
    if (outcome !== undefined) write(`mailbox "${mailbox}" ${outcomes[outcome][dryRun ? 1 : 0]}`);
  }
  if (result.cameBack) {
    write(`the account ${dryRun ? 'would come' : 'came'} back as a whole, with its mailboxes, UIDs and password`);
  }
  if (result.configured) write(`its configuration ${dryRun ? 'would come' : 'came'} back`);
  if (result.lacksPassword) write(`Set its password: restante setaccountpassword ${account}`);
}
