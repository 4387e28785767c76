import { searchMessageText } from '../../message/search-message-text.ts';
import { TextMatcher } from '../../message/text-matcher.ts';
import { limits } from '../../runtime/limits.ts';
import type { AccountAtRest, KeptMessage } from '../account-at-rest.ts';
import { MessageFileError } from '../store-errors.ts';
import { MailboxNotInBackupError } from './restore-errors.ts';
import { scanMailbox } from './scan-mailbox.ts';
import type { StoredInstance, StoredMailbox } from './stored-rows.ts';

/** Which messages of an account are meant; all conditions must hold. Nothing: all. */
export interface MessageSelection {
  /** Name of one mailbox, "Inbox" in any case; undefined: all. */
  readonly mailbox?: string | undefined;
  /** Without angle brackets. */
  readonly messageIds?: readonly string[] | undefined;
  /** Of the one mailbox. First and last. */
  readonly uids?: readonly (readonly [number, number])[] | undefined;
  /** By INTERNALDATE, milliseconds; inclusive. */
  readonly since?: number | undefined;
  /** Exclusive. */
  readonly before?: number | undefined;
  /** Anywhere in headers or text, in any case. */
  readonly search?: string | undefined;
}

/** Messages of one mailbox that are meant, in UID order. */
interface SelectedMessages {
  readonly mailbox: StoredMailbox;
  readonly instances: readonly StoredInstance[];
  /** Where the selection has come to: messages of the mailbox looked at for these. */
  readonly lookedAt: number;
}

export interface SelectOptions {
  readonly signal?: AbortSignal;
  /** Told of messages whose text can't be searched. Default: throws MessageFileError. */
  readonly onUnreadable?: (mailbox: string, uid: number, error: MessageFileError) => void;
}

/** Whether it says more than a mailbox. */
export function selectsMessages({ mailbox: _, ...conditions }: MessageSelection): boolean {
  return Object.values(conditions).some((condition) => condition !== undefined);
}

/** @throws MailboxNotInBackupError */
export async function selectMailboxes(account: AccountAtRest, only: string | undefined): Promise<StoredMailbox[]> {
  const mailboxes = await account.stored.mailboxes();
  if (only === undefined) return mailboxes;
  const name = (await account.reader.mailboxes.named(only))?.name;
  const found = mailboxes.filter((mailbox) => mailbox.name === name);
  if (found.length > 0) return found;
  throw new MailboxNotInBackupError(
    only,
    account.name,
    mailboxes.map((mailbox) => mailbox.name),
  );
}

/**
 * Finds messages of an account at rest, a page at a time. Between pages others get their turn on this thread.
 * @throws MailboxNotInBackupError
 */
export async function* selectInstances(
  account: AccountAtRest,
  selection: MessageSelection,
  options: SelectOptions = {},
): AsyncGenerator<SelectedMessages> {
  const { messageIds, search } = selection;
  const matcher = search === undefined ? undefined : new TextMatcher(search);
  for (const mailbox of await selectMailboxes(account, selection.mailbox)) {
    for await (const page of scanMailbox(account.stored, mailbox.id, options.signal)) {
      let instances = page.filter((instance) => isWithin(instance, selection));
      if (messageIds !== undefined && instances.length > 0) {
        const contentIds = instances.map(({ contentId }) => contentId);
        const having = await account.stored.withMessageId(contentIds, messageIds);
        instances = instances.filter(({ contentId }) => having.has(contentId));
      }
      if (matcher !== undefined) {
        const found: StoredInstance[] = [];
        for (const instance of instances) {
          options.signal?.throwIfAborted();
          if (await hasText(account, mailbox, instance, matcher, options)) found.push(instance);
        }
        instances = found;
      }
      yield { mailbox, instances, lookedAt: page.length };
    }
  }
}

/** The same with all that is to be shown of each message. */
export async function* selectMessages(
  account: AccountAtRest,
  selection: MessageSelection,
): AsyncGenerator<{ mailbox: string; message: KeptMessage }> {
  for await (const { mailbox, instances } of selectInstances(account, selection)) {
    const messages = await account.messages(
      mailbox.id,
      instances.map(({ uid }) => uid),
    );
    for (const message of messages) yield { mailbox: mailbox.name, message };
  }
}

function isWithin({ uid, receivedAt }: StoredInstance, { uids, since, before }: MessageSelection): boolean {
  if (since !== undefined && receivedAt < since) return false;
  if (before !== undefined && receivedAt >= before) return false;
  return uids === undefined || uids.some(([first, last]) => uid >= first && uid <= last);
}

/** Of a large message, as much is looked at as SEARCH of IMAP does. */
async function hasText(
  account: AccountAtRest,
  mailbox: StoredMailbox,
  { uid, contentId }: StoredInstance,
  matcher: TextMatcher,
  { onUnreadable }: SelectOptions,
): Promise<boolean> {
  const [message] = await account.messages(mailbox.id, [uid]);
  const pieces: Buffer[] = [];
  try {
    for await (const piece of account.contents.stream(message!, 0, limits.imapSearchTextBytes))
      pieces.push(piece as Buffer);
  } catch (error) {
    if (!(error instanceof MessageFileError) || onUnreadable === undefined) throw error;
    onUnreadable(mailbox.name, uid, error);
    return false;
  }
  const structure = await account.reader.messages.structure(contentId);
  return searchMessageText(Buffer.concat(pieces), structure, matcher, { headers: true });
}
