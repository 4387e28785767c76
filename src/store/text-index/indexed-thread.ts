import type { ThreadFacts } from '../../message/thread-facts.ts';

/** What THREAD goes by, as the index has it. */
export interface IndexedThread extends ThreadFacts {
  /** Milliseconds. */
  readonly sentAt: number | undefined;
}

/** A line with sent date, identifier and references, and what is left is the subject. */
export function encodeThread({ sentAt, messageId, references, isReply, subject }: IndexedThread): string {
  return `${isReply ? 'R' : '-'} ${sentAt ?? ''} ${messageId ?? ''} ${references.join()}\n${subject}`;
}

export function decodeThread(text: string): IndexedThread {
  const lineEnd = text.indexOf('\n');
  const [reply, sentAt, messageId, references] = text.slice(0, lineEnd).split(' ') as [string, string, string, string];
  return {
    sentAt: sentAt === '' ? undefined : Number(sentAt),
    messageId: messageId === '' ? undefined : Number(messageId),
    references: references === '' ? [] : references.split(',').map(Number),
    isReply: reply === 'R',
    subject: text.slice(lineEnd + 1),
  };
}
