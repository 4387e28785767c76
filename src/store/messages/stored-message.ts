import { describeContent } from '../content-facts.ts';
import type { Flags } from '../flags.ts';
import { normaliseMailboxName } from '../mailbox-name.ts';
import type { StoredMessage, UndescribedMessage } from '../operations/add-messages.ts';
import { checkKeywords } from './keywords.ts';
import type { NewMessage } from './new-message.ts';
import type { ReceivedFile } from './received-file.ts';

const noBytes = new Uint8Array(0);
const noFlags: Flags = { bits: 0, keywords: [] };

/**
 * What an operation is told of a new message.
 * @param now for one that doesn't say when it was received
 * @throws MailboxNameError, KeywordNameError
 */
export function toStoredMessage(message: NewMessage, now: number): Omit<StoredMessage, 'contentId'> {
  return describeFile(toUndescribed(message, now), message.file);
}

/** The same in two steps: first what its bytes say nothing of. */
export function toUndescribed(message: NewMessage, now: number): Omit<UndescribedMessage, 'contentId'> {
  const flags = message.flags ?? noFlags;
  return {
    mailbox: typeof message.mailbox === 'number' ? message.mailbox : normaliseMailboxName(message.mailbox),
    createMissing: message.createMissing ?? true,
    prefix: message.prefix ?? noBytes,
    flagBits: flags.bits,
    keywords: checkKeywords(flags.keywords),
    receivedAt: message.receivedAt ?? now,
    reception: message.reception ?? {},
    ...(message.destinedMailbox === undefined
      ? {}
      : { destinedMailbox: normaliseMailboxName(message.destinedMailbox) }),
    deliveryId: message.deliveryId,
  };
}

/** Second step. */
export function describeFile<Message extends { readonly prefix: Uint8Array }>(message: Message, file: ReceivedFile) {
  return {
    ...message,
    sha256: file.sha256,
    fileSizeBytes: file.sizeBytes,
    facts: describeContent(file.structure, message.prefix),
  };
}
