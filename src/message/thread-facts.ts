import { hash } from 'node:crypto';
import { limits } from '../runtime/limits.ts';
import { baseSubject } from './base-subject.ts';
import { parseMessageIds } from './parse-message-ids.ts';
import type { ByteText } from './structure.ts';
import { threadReferences } from './thread-references.ts';
import { unicodeCasemap } from './unicode-casemap.ts';

/** What decides on the thread of a message, besides its date. Identifiers are numbers, which are the same for the same text. */
export interface ThreadFacts {
  readonly messageId: number | undefined;
  /** Oldest first; the last is what the message answers. */
  readonly references: readonly number[];
  /** Base subject, in the form in which subjects are compared. */
  readonly subject: string;
  readonly isReply: boolean;
}

/**
 * @param fields as in the header; the subject decoded
 * Source: RFC 5256 §2.1, §3
 */
export function findThreadFacts(fields: {
  readonly messageId: ByteText | undefined;
  readonly references: ByteText | undefined;
  readonly inReplyTo: ByteText | undefined;
  readonly subject: string;
}): ThreadFacts {
  const { messageId, references, inReplyTo, subject } = fields;
  const ids = threadReferences({ references, envelope: { messageId, inReplyTo } });
  const own = parseMessageIds(messageId ?? '')[0];
  const { base, isReplyOrForward } = baseSubject(subject);
  return {
    messageId: own === undefined ? undefined : numberDigest(own),
    references: ids.map(numberDigest),
    subject: unicodeCasemap(Buffer.from(base.slice(0, limits.imapSortCharacters)).toString()),
    isReply: isReplyOrForward,
  };
}

/** 48 bits of a digest, times 32: less memory than the text, which may be as long as a header. */
export function numberDigest(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, 6) * 32;
}
