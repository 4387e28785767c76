import { describe, expect, it } from 'vitest';
import { requestedReply } from './requested-reply.ts';

describe('requestedReply', () => {
  it.each([
    ['temperror', 451],
    ['some.permerror', 550],
    ['x450', 450],
    ['599', 599],
  ])('gives %s the code %i', (localpart, code) => {
    expect(requestedReply(localpart)).toMatchObject({ kind: 'error', error: { replyCode: code } });
  });

  it.each(['me', 'x250', 'x4500x', '354', 'timeouts'])('gives %s none', (localpart) => {
    expect(requestedReply(localpart)).toBeUndefined();
  });

  it('is silent for timeout', () => {
    expect(requestedReply('a-timeout')).toMatchObject({ kind: 'silence' });
  });
});
