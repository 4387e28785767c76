import { hash } from 'node:crypto';
import { parseStructure } from '../../message/structure-parser.ts';
import { addressRanges } from '../../runtime/address-range.ts';
import { describeContent } from '../content-facts.ts';
import { validationNumbers } from '../content-origin.ts';
import { toFileError } from '../file-error.ts';
import { flagBits } from '../flags.ts';
import type { AddedMessage, Reception } from '../messages/new-message.ts';
import type { QuotaLimits } from '../quota.ts';
import { splitAddress } from '../split-address.ts';
import { MailboxNotFoundError } from '../store-errors.ts';
import { writeFlushedWithEntry } from '../write-flushed.ts';
import { AccountChange, type AccountTransactor, type MailboxRecord } from './account-change.ts';
import { keywordsText, takeKeywords } from './mailbox-keywords.ts';
import { makeMailbox } from './make-mailbox.ts';
import { placeInThread, type ThreadFacts } from './place-in-thread.ts';
import { rememberDelivery } from './remember-delivery.ts';

/** A message whose file is in its place; all that needs parsing has been found out. */
export interface StoredMessage {
  /** Id, or a normalised name. */
  readonly mailbox: number | string;
  readonly createMissing: boolean;
  readonly contentId: number;
  readonly sha256: Uint8Array;
  readonly fileSizeBytes: number;
  readonly prefix: Uint8Array;
  readonly flagBits: number;
  readonly keywords: readonly string[];
  readonly receivedAt: number;
  readonly reception: Reception;
  /** Normalised name of where a refused message would have been. */
  readonly destinedMailbox?: string;
  readonly facts: ContentFacts;
  /** Of a delivery that is made once only. */
  readonly deliveryId?: Uint8Array | undefined;
}

/** The same without what its bytes say. */
export type UndescribedMessage = Omit<StoredMessage, 'sha256' | 'fileSizeBytes' | 'facts'>;

/** Where messages come from that are moved here, all to one mailbox, and are to be expunged there. */
export interface ArrivingMove {
  readonly id: Uint8Array;
  readonly account: string;
  readonly mailboxId: number;
  readonly uids: readonly number[];
}

/** The same, once they are here. */
export interface ArrivedMove extends ArrivingMove {
  readonly targetMailboxId: number;
  /** In the order of `uids`. */
  readonly targetUids: readonly number[];
}

/** What the row of a content says about the message. */
export interface ContentFacts extends ThreadFacts {
  readonly envelope: string;
  readonly bodyStructure: string;
  /** JSON; offsets relative to the file. */
  readonly structure: string;
  readonly messageId: string | null;
  readonly subject: string;
  readonly baseSubject: string;
  readonly fromLocalpart: string | null;
  readonly fromDomain: string | null;
  readonly sentAt: number | null;
  readonly isMailingList: boolean;
  readonly isAutomatic: boolean;
  readonly isDsn: boolean;
}

/**
 * Adds all messages or none, with one MODSEQ.
 * @throws MailboxNotFoundError, OverQuotaError, StoreLimitError, AlreadyDeliveredError
 */
export async function addMessages(
  transactor: AccountTransactor,
  args: {
    now: number;
    quota: QuotaLimits;
    messages: readonly StoredMessage[];
    move?: ArrivingMove | undefined;
  },
): Promise<AddedMessage[]> {
  for (const { deliveryId } of args.messages) {
    if (deliveryId !== undefined) await rememberDelivery(transactor, deliveryId);
  }
  const change = await AccountChange.begin(transactor);
  change.checkQuota(
    args.messages.reduce((sum, message) => sum + sizeOf(message), 0),
    args.messages.length,
    args.quota,
  );
  const added = await insertMessages(change, args.messages, args.now);
  await change.finish();
  const { move } = args;
  if (move !== undefined) {
    await transactor.run(
      'INSERT INTO arrived_moves (id, account, from_mailbox_id, from_uids, mailbox_id, uids) VALUES (?, ?, ?, ?, ?, ?)',
      [
        move.id,
        move.account,
        move.mailboxId,
        JSON.stringify(move.uids),
        added[0]!.mailboxId,
        JSON.stringify(added.map(({ uid }) => uid)),
      ],
    );
  }
  return added;
}

/** A small message that is still in memory. */
export interface UnwrittenFile {
  /** Absolute. Its directory is there. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Adds a message while its file is being flushed, by {@link writeMessageFile}: what that needs is found out meanwhile, too. */
export async function addMessageWithFile(
  transactor: AccountTransactor,
  args: {
    now: number;
    quota: QuotaLimits;
    message: UndescribedMessage;
    file: UnwrittenFile;
    move?: ArrivingMove | undefined;
  },
): Promise<AddedMessage[]> {
  const { message, file, ...rest } = args;
  const described: StoredMessage = {
    ...message,
    sha256: hash('sha256', file.bytes, 'buffer'),
    fileSizeBytes: file.bytes.length,
    facts: describeContent(parseStructure(file.bytes), message.prefix),
  };
  return await addMessages(transactor, { ...rest, messages: [described] });
}

/** @throws DiskFullError, MessageFileError; then something of the file may be left */
export async function writeMessageFile({ file }: { file: UnwrittenFile }): Promise<void> {
  try {
    await writeFlushedWithEntry(file.path, file.bytes);
  } catch (error) {
    throw toFileError(error, 'store', file.path);
  }
}

/** Inserts rows and counts them; room for them has been seen to. */
export async function insertMessages(
  change: AccountChange,
  messages: readonly StoredMessage[],
  now: number,
): Promise<AddedMessage[]> {
  const { transactor, account } = change;
  const added: AddedMessage[] = [];
  for (const message of messages) {
    const mailbox = await findMailbox(change, message);
    const { names } = takeKeywords(mailbox, message.keywords);
    const place = await placeInThread(transactor, message.contentId, now, message.facts);
    await insertContent(transactor, message, mailbox.id, place);
    const uid = mailbox.uid_next++;
    const size = sizeOf(message);
    await transactor.run(
      `INSERT INTO messages (mailbox_id, uid, modseq, create_seq, expunged, content_id, thread_id, flags, keywords,
       received_at, saved_at, size) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)`,
      [
        mailbox.id,
        uid,
        change.modseq,
        change.modseq,
        message.contentId,
        place.threadId,
        message.flagBits,
        keywordsText(names),
        message.receivedAt,
        now,
        size,
      ],
    );
    mailbox.messages++;
    mailbox.size += size;
    if ((message.flagBits & flagBits['\\Seen']) === 0) mailbox.unseen++;
    if ((message.flagBits & flagBits['\\Deleted']) !== 0) mailbox.deleted++;
    account.messages++;
    account.used_bytes += size;
    change.touch(mailbox);
    added.push({
      mailboxId: mailbox.id,
      mailboxName: mailbox.name,
      uid,
      uidValidity: mailbox.uid_validity,
      modseq: change.modseq,
      contentId: message.contentId,
    });
  }
  return added;
}

export function sizeOf(message: StoredMessage): number {
  return message.prefix.length + message.fileSizeBytes;
}

async function findMailbox(change: AccountChange, message: StoredMessage): Promise<MailboxRecord> {
  if (typeof message.mailbox === 'number') return await change.mailbox(message.mailbox);
  const mailbox = await change.findMailbox(message.mailbox);
  if (mailbox !== undefined) return mailbox;
  if (!message.createMissing) throw new MailboxNotFoundError(message.mailbox);
  // Nobody asked for this mailbox by hand: a client that shows subscribed ones only should show it.
  await change.transactor.run('INSERT OR IGNORE INTO subscriptions (name) VALUES (?)', [message.mailbox]);
  return await makeMailbox(change, message.mailbox);
}

async function insertContent(
  transactor: AccountTransactor,
  message: StoredMessage,
  mailboxId: number,
  place: Awaited<ReturnType<typeof placeInThread>>,
): Promise<void> {
  const { facts, reception } = message;
  const { remoteAddress, mailFrom, validation } = reception;
  const ranges = remoteAddress === undefined ? undefined : addressRanges(remoteAddress);
  const sender = mailFrom === undefined ? undefined : splitAddress(mailFrom);
  await transactor.run(
    `INSERT INTO contents (id, sha256, file_size, prefix, thread_id, parent_id, parent_hash, missing_link, message_id_hash,
     subject_hash, envelope, body_structure, message_id, subject, base_subject, from_localpart, from_domain, sent_at,
     is_mailing_list, is_automatic, is_dsn, from_org_domain, is_forward, is_reject, original_mailbox_id, destined_mailbox_id,
     remote_address, remote_range_narrow, remote_range_middle, remote_range_wide, hello_name, mail_from_localpart, mail_from_domain, rcpt_to, hello_validation, mail_from_validation,
     from_validation, dkim_domains, tls_version, tls_cipher, require_tls, structure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM mailboxes WHERE name = ? AND expunged = 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      message.contentId,
      message.sha256,
      message.fileSizeBytes,
      message.prefix,
      place.threadId,
      place.parentId,
      place.parentHash,
      place.missingLink ? 1 : 0,
      facts.messageIdHash,
      facts.subjectHash,
      facts.envelope,
      facts.bodyStructure,
      facts.messageId,
      facts.subject,
      facts.baseSubject,
      facts.fromLocalpart,
      facts.fromDomain,
      facts.sentAt,
      facts.isMailingList ? 1 : 0,
      facts.isAutomatic ? 1 : 0,
      facts.isDsn ? 1 : 0,
      validation?.organisation ?? null,
      reception.isForward ? 1 : 0,
      reception.isReject ? 1 : 0,
      mailboxId,
      message.destinedMailbox ?? null,
      remoteAddress ?? null,
      ranges?.[0] ?? null,
      ranges?.[1] ?? null,
      ranges?.[2] ?? null,
      reception.helloName ?? null,
      sender?.localpart ?? null,
      sender?.domain ?? null,
      reception.rcptTo ?? null,
      validation === undefined ? null : validationNumbers[validation.hello],
      validation === undefined ? null : validationNumbers[validation.mailFrom],
      validation === undefined ? null : validationNumbers[validation.from],
      validation === undefined ? null : JSON.stringify(validation.dkimDomains),
      reception.tlsVersion ?? null,
      reception.tlsCipher ?? null,
      reception.requireTls ? 1 : 0,
      facts.structure,
    ],
  );
}
