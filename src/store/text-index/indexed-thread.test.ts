import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeThread, encodeThread, type IndexedThread } from './indexed-thread.ts';

it('is the same after it was written down', () => {
  const number = fc.nat({ max: 2 ** 47 }).map((half) => half * 32);
  fc.assert(
    fc.property(
      fc.record<IndexedThread>({
        sentAt: fc.option(fc.integer(), { nil: undefined }),
        messageId: fc.option(number, { nil: undefined }),
        references: fc.array(number),
        isReply: fc.boolean(),
        subject: fc.string({ unit: 'grapheme' }),
      }),
      (thread) => {
        expect(decodeThread(encodeThread(thread))).toEqual(thread);
      },
    ),
  );
});
