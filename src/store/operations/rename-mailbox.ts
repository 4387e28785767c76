import { everyFlag } from '../flags.ts';
import { normaliseMailboxName, parentMailboxName } from '../mailbox-name.ts';
import { MailboxExistsError, MailboxNameError, MailboxNotFoundError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor, type MailboxRecord } from './account-change.ts';
import { makeMailbox, recordName } from './make-mailbox.ts';
import { moveRows } from './move-messages.ts';

/**
 * Renames a mailbox with all below it. Inbox stays, and its messages move to the new mailbox; what is below Inbox stays too.
 * @param args.from, to normalised
 * @throws MailboxNotFoundError, MailboxExistsError, MailboxNameError
 * Source: RFC 9051 §6.3.6
 */
export async function renameMailbox(
  transactor: AccountTransactor,
  args: { now: number; from: string; to: string },
): Promise<void> {
  const change = await AccountChange.begin(transactor);
  const source = await change.findMailbox(args.from);
  if (source === undefined) throw new MailboxNotFoundError(args.from, 'rename');
  if ((await change.findMailbox(args.to)) !== undefined) throw new MailboxExistsError(args.to, 'rename to');
  if (source.name === 'Inbox') {
    const target = await makeMailbox(change, args.to);
    await moveRows(change, source, target, [[1, 0xffff_ffff]], args.now, everyFlag);
    // RFC 5464 §4.1: both have its annotations.
    await transactor.run(
      'INSERT INTO annotations (mailbox_id, key, value, modseq) SELECT ?, key, value, ? FROM annotations WHERE mailbox_id = ?',
      [target.id, change.modseq, source.id],
    );
    await change.finish();
    return;
  }
  if (args.to.startsWith(`${args.from}/`)) throw new MailboxNameError(args.to, `it is below "${args.from}"`);
  const below = await transactor.all<{ id: number }>(
    'SELECT id FROM mailboxes WHERE expunged = 0 AND substr(name, 1, ?) = ? ORDER BY name',
    [[...args.from].length + 1, `${args.from}/`],
  );
  await giveName(change, source, args.to);
  for (const { id } of below) {
    const mailbox = await change.mailbox(id);
    await giveName(change, mailbox, args.to + mailbox.name.slice(args.from.length));
  }
  const parentName = parentMailboxName(args.to);
  const parent =
    parentName === undefined
      ? undefined
      : ((await change.findMailbox(parentName)) ?? (await makeMailbox(change, parentName)));
  source.parent_id = parent?.id ?? null;
  await change.finish();
}

async function giveName(change: AccountChange, mailbox: MailboxRecord, name: string): Promise<void> {
  normaliseMailboxName(name);
  const { transactor } = change;
  const subscribed = await transactor.first('SELECT 1 FROM subscriptions WHERE name = ?', [mailbox.name]);
  // RFC 9051 §6.3.9: the server must not remove a subscription by itself, so the old name keeps its own.
  if (subscribed !== undefined) await transactor.run('INSERT OR IGNORE INTO subscriptions (name) VALUES (?)', [name]);
  const earlier = await transactor.first<{ uid_validity: number }>(
    'SELECT uid_validity FROM mailbox_names WHERE name = ?',
    [name],
  );
  // RFC 9051 §2.3.1.1: a name's UIDVALIDITY only ascends.
  if (earlier !== undefined && earlier.uid_validity > mailbox.uid_validity) {
    mailbox.uid_validity = change.takeUidValidity();
  }
  mailbox.name = name;
  change.touch(mailbox);
  await transactor.run('UPDATE mailboxes SET name = ? WHERE id = ?', [name, mailbox.id]);
  await recordName(change, mailbox);
}
