import type { Finding, VerifyOptions } from '../database/durable-part.ts';
import type { AccountDatabaseReader } from './account-database.ts';
import { checkMessageFiles } from './check-message-files.ts';
import { consistencyRules } from './consistency-rules.ts';

export interface CheckOptions extends Omit<VerifyOptions, 'signal'> {
  readonly account: string;
  /** Of the account, absolute. */
  readonly directory: string;
  /** The same as findings name it: relative to what is checked; may be empty. */
  readonly path: string;
  readonly signal?: AbortSignal;
  /** Asks the same database all at once what takes long. Default: the reader. */
  readonly ask?: <Row>(questions: readonly string[]) => Promise<Row[][]>;
}

interface BrokenRule {
  readonly what: string;
  readonly mailbox?: string;
  readonly uid?: number;
}

/** Rows of one rule that are named one by one. */
const maxNamed = 20;

/**
 * Checks everything that must hold of an account: rows among each other, and rows with files. Changes nothing; memory doesn't grow
 * with the account.
 */
export async function* checkConsistency(reader: AccountDatabaseReader, options: CheckOptions): AsyncGenerator<Finding> {
  const account = await reader.first<{ next_uid_validity: number; modseq: number }>('SELECT * FROM account');
  if (account === undefined) {
    // Made, but a crash came before its first row.
    const message = `Account "${options.account}" has never been used`;
    yield { severity: 'note', code: 'account-empty', message, path: options.path, account: options.account };
    return;
  }
  const questions = consistencyRules.map(({ sql }) => `${sql} LIMIT ${maxNamed}`);
  const answers = await options.ask?.<BrokenRule>(questions);
  for (const [at, { code, repair }] of consistencyRules.entries()) {
    options.signal?.throwIfAborted();
    const rows = answers?.[at] ?? (await reader.all<BrokenRule>(questions[at]!));
    for (const { what, mailbox, uid } of rows) {
      yield {
        severity: 'error',
        code,
        message: `Account "${options.account}": ${what}`,
        path: options.path === '' ? 'index.db' : `${options.path}/index.db`,
        account: options.account,
        ...(mailbox === undefined ? {} : { mailbox }),
        ...(uid === undefined ? {} : { uid }),
        hint: repairHint(repair, options.account),
      };
    }
  }
  if (options.onCounts !== undefined) {
    const mailboxes = await reader.all<{ mailbox: string; messages: number; bytes: number }>(
      'SELECT name AS mailbox, messages, size AS bytes FROM mailboxes WHERE expunged = 0 ORDER BY name',
    );
    const messages = mailboxes.reduce((sum, mailbox) => sum + mailbox.messages, 0);
    const bytes = mailboxes.reduce((sum, mailbox) => sum + mailbox.bytes, 0);
    options.onCounts({ account: options.account, messages, bytes, mailboxes });
  }
  yield* checkMessageFiles(reader, options);
}

function repairHint(repair: string | undefined, account: string): string {
  if (repair !== undefined) return `restante ${repair} ${account}`;
  return `Restore from a backup: restante restore <backup> --account ${account}`;
}
