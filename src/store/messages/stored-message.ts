import { describeContent } from '../content-facts.ts';
import type { Flags } from '../flags.ts';
import { normaliseMailboxName } from '../mailbox-name.ts';
import type { StoredMessage } from '../operations/add-messages.ts';
import { checkKeywords } from './keywords.ts';
import type { NewMessage } from './new-message.ts';

const noBytes = new Uint8Array(0);
const noFlags: Flags = { bits: 0, keywords: [] };

/**
 * What an operation is told of a new message.
 * @param now for one that doesn't say when it was received
 * @throws MailboxNameError, KeywordNameError
 */
export function toStoredMessage(message: NewMessage, now: number): Omit<StoredMessage, 'contentId'> {
  const prefix = message.prefix ?? noBytes;
  const flags = message.flags ?? noFlags;
  return {
    mailbox: typeof message.mailbox === 'number' ? message.mailbox : normaliseMailboxName(message.mailbox),
    createMissing: message.createMissing ?? true,
    sha256: message.file.sha256,
    fileSizeBytes: message.file.sizeBytes,
    prefix,
    flagBits: flags.bits,
    keywords: checkKeywords(flags.keywords),
    receivedAt: message.receivedAt ?? now,
    reception: message.reception ?? {},
    ...(message.destinedMailbox === undefined
      ? {}
      : { destinedMailbox: normaliseMailboxName(message.destinedMailbox) }),
    facts: describeContent(message.file.structure, prefix),
    deliveryId: message.deliveryId,
  };
}
