import type { AddedMessage } from '../messages/new-message.ts';
import type { QuotaLimits } from '../quota.ts';
import { contentIdentity } from '../restore/content-identity.ts';
import { type KeptValues, keptColumns } from '../restore/kept-columns.ts';
import { OverQuotaError } from '../store-errors.ts';
import { AccountChange, type AccountTransactor } from './account-change.ts';
import { addMessages, type StoredMessage } from './add-messages.ts';

/** A message of a backup whose file is in its place. */
export interface StoredMissing extends Omit<StoredMessage, 'mailbox' | 'createMissing'> {
  readonly kept: KeptValues;
  /** Mailboxes of this account that it was first stored in, and would have been; undefined: it comes from another account. */
  readonly places?: { readonly original: number; readonly destined: number | null } | undefined;
}

export interface AddedMissing {
  /** One for each message: added, found to be there since, or without room. */
  readonly outcomes: readonly ('added' | 'present' | 'overQuota')[];
  /** MODSEQ up to which the mailbox has now been looked at, what was added included. */
  readonly modseq: number;
  /** Identities, in hex, of other messages that have come into the mailbox since the MODSEQ given. */
  readonly appeared: readonly string[];
}

/**
 * Adds messages that a mailbox was seen to lack, but not those that have come into it since it was looked at, nor those that the account
 * has no room for.
 * @param args.mailbox normalised name; made if it is missing
 * @param args.seenModseq all that came into the mailbox up to this MODSEQ is known to the caller, or its own
 * @throws StoreLimitError
 */
export async function addMissingMessages(
  transactor: AccountTransactor,
  args: {
    now: number;
    quota: QuotaLimits;
    mailbox: string;
    seenModseq: number;
    messages: readonly StoredMissing[];
  },
): Promise<AddedMissing> {
  const change = await AccountChange.begin(transactor);
  const mailbox = await change.findMailbox(args.mailbox);
  const appeared = mailbox === undefined ? [] : await appearedSince(transactor, mailbox.id, args.seenModseq);
  let bytes = 0;
  let messages = 0;
  const outcomes = args.messages.map((message): AddedMissing['outcomes'][number] => {
    const identity = Buffer.from(contentIdentity(message.sha256, message.prefix)).toString('hex');
    const at = appeared.indexOf(identity);
    if (at !== -1) {
      appeared.splice(at, 1);
      return 'present';
    }
    const size = message.prefix.length + message.fileSizeBytes;
    try {
      change.checkQuota(bytes + size, messages + 1, args.quota);
    } catch (error) {
      if (error instanceof OverQuotaError) return 'overQuota';
      throw error;
    }
    bytes += size;
    messages++;
    return 'added';
  });
  const taken = args.messages.filter((_, at) => outcomes[at] === 'added');
  const { now, quota } = args;
  const added = await addMessages(transactor, {
    now,
    quota,
    messages: taken.map((message) => ({ ...message, mailbox: args.mailbox, createMissing: true })),
  });
  await keepFacts(transactor, taken, added);
  return { outcomes, modseq: added[0]?.modseq ?? change.account.modseq, appeared };
}

async function appearedSince(transactor: AccountTransactor, mailboxId: number, modseq: number): Promise<string[]> {
  const rows = await transactor.all<{ sha256: Uint8Array; prefix: Uint8Array }>(
    `SELECT sha256, prefix FROM messages CROSS JOIN contents ON contents.id = content_id
     WHERE mailbox_id = ? AND modseq > ? AND create_seq > ? AND expunged = 0`,
    [mailboxId, modseq, modseq],
  );
  return rows.map(({ sha256, prefix }) => Buffer.from(contentIdentity(sha256, prefix)).toString('hex'));
}

const keepSql = `UPDATE contents SET ${keptColumns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`;

async function keepFacts(
  transactor: AccountTransactor,
  messages: readonly StoredMissing[],
  added: readonly AddedMessage[],
): Promise<void> {
  await transactor.runEach(
    keepSql,
    messages.map(({ kept }, at) => [...kept, added[at]!.contentId]),
  );
  await transactor.runEach(
    'UPDATE contents SET original_mailbox_id = ?, destined_mailbox_id = ? WHERE id = ?',
    messages.flatMap(({ places }, at) =>
      places === undefined ? [] : [[places.original, places.destined, added[at]!.contentId]],
    ),
  );
}
