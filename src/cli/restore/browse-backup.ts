import { resolve } from 'node:path';
import {
  type KeptMessage,
  messageFlags,
  type OpenBackup,
  openBackup,
  selectMessages,
} from '../../control/restore/open-backup.ts';
import { UsageError } from '../exit-code.ts';
import { printTable, sizeText } from '../print-result.ts';
import { type RestoreCommandOptions, selectionOf } from './restore-options.ts';

/** Rows that are laid out together. */
const pageSize = 500;

/** Lists accounts, mailboxes or messages of a backup. */
export async function listBackup(directory: string, options: RestoreCommandOptions): Promise<void> {
  const backup = await openBackup(resolve(directory));
  if (options.account === undefined) await listAccounts(backup, options);
  else if (options.mailbox === undefined && selectionOf(options) === undefined) await listMailboxes(backup, options);
  else await listMessages(backup, options);
}

/** Writes one message, as it was. */
export async function printMessage(directory: string, options: RestoreCommandOptions): Promise<void> {
  if (options.account === undefined) throw new UsageError('Cannot print a message without --account', nameHint);
  const backup = await openBackup(resolve(directory));
  await using account = await backup.openAccount(options.account);
  const found: { mailbox: string; message: KeptMessage }[] = [];
  for await (const each of selectMessages(account, { mailbox: options.mailbox, ...selectionOf(options) })) {
    found.push(each);
    if (found.length > 1) break;
  }
  const [only, another] = found;
  if (only === undefined) throw new UsageError('Cannot print a message: nothing in the backup matches', nameHint);
  // A message that was copied is the same wherever it is.
  if (another !== undefined && Buffer.compare(only.message.sha256, another.message.sha256) !== 0) {
    throw new UsageError('Cannot print a message: several match', nameHint);
  }
  for await (const chunk of account.contents.stream(only.message)) {
    await new Promise<void>((written, failed) => {
      process.stdout.write(chunk as Buffer, (error) => (error ? failed(error) : written()));
    });
  }
}

const nameHint = 'Name one, with --account, --mailbox and --uid, or --message-id; --list shows them.';

function writeLine(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function listAccounts(backup: OpenBackup, { json }: RestoreCommandOptions): Promise<void> {
  const { head, complete, accounts } = backup;
  const rows: string[][] = [];
  for (const name of accounts) {
    await using account = await backup.openAccount(name);
    const { usedBytes, messages } = await account.read((reader) => reader.quota());
    if (json) writeLine({ account: name, messages, bytes: usedBytes });
    else rows.push([name, String(messages), sizeText(usedBytes)]);
  }
  if (json) return;
  const state = complete ? 'complete' : 'INCOMPLETE';
  process.stdout.write(`Backup of ${head.hostname} as of ${head.instant}, ${state}, format ${head.format}\n`);
  printTable(['ACCOUNT', 'MESSAGES', 'SIZE'], rows);
}

async function listMailboxes(backup: OpenBackup, { account: name = '', json }: RestoreCommandOptions): Promise<void> {
  await using account = await backup.openAccount(name);
  const mailboxes = await account.read((reader) => reader.mailboxes.all());
  if (json) {
    for (const { name: mailbox, messages, unseen, sizeBytes, specialUse, uidValidity } of mailboxes) {
      writeLine({ mailbox, messages, unseen, bytes: sizeBytes, specialUse, uidValidity });
    }
    return;
  }
  printTable(
    ['MAILBOX', 'MESSAGES', 'UNSEEN', 'SIZE', 'USE'],
    mailboxes.map((each) => [
      each.name,
      String(each.messages),
      String(each.unseen),
      sizeText(each.sizeBytes),
      each.specialUse.join(' '),
    ]),
  );
}

async function listMessages(backup: OpenBackup, options: RestoreCommandOptions): Promise<void> {
  await using account = await backup.openAccount(options.account ?? '');
  let page: string[][] = [];
  const heading = ['MAILBOX', 'UID', 'RECEIVED', 'FLAGS', 'SIZE', 'FROM', 'SUBJECT', 'MESSAGE-ID'];
  for await (const { mailbox, message } of selectMessages(account, {
    mailbox: options.mailbox,
    ...selectionOf(options),
  })) {
    const { uid, receivedAt, sizeBytes, from, subject, messageId } = message;
    const flags = messageFlags(message);
    const received = new Date(receivedAt).toISOString();
    if (options.json) {
      writeLine({ mailbox, uid, received, flags, bytes: sizeBytes, from, subject, messageId });
      continue;
    }
    const shown = [subject.replace(/[\x00-\x1f\x7f]/g, ' ').slice(0, 60), messageId === null ? '' : `<${messageId}>`];
    page.push([
      mailbox,
      String(uid),
      received.slice(0, 16).replace('T', ' '),
      flags.join(' '),
      sizeText(sizeBytes),
      from,
      ...shown,
    ]);
    if (page.length < pageSize) continue;
    printTable(heading, page);
    page = [];
  }
  if (page.length > 0) printTable(heading, page);
}
