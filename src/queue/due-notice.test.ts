import { describe, expect, it } from 'vitest';
import { dueNotice, type RecipientEnd } from './due-notice.ts';

const failed: RecipientEnd = { kind: 'failed' };
const delayed: RecipientEnd = { kind: 'retry', delayNotice: true };
const retried: RecipientEnd = { kind: 'retry', delayNotice: false };
const delivered: RecipientEnd = { kind: 'accepted', accepted: 'delivered' };
const relayed: RecipientEnd = { kind: 'accepted', accepted: 'relayed' };
const passedOn: RecipientEnd = { kind: 'accepted', accepted: 'passed-on' };

describe('what a sender is told', () => {
  it.each([
    [undefined, ['failed', 'delayed', undefined, undefined, undefined, undefined]],
    [['NEVER'], [undefined, undefined, undefined, undefined, undefined, undefined]],
    [['FAILURE'], ['failed', undefined, undefined, undefined, undefined, undefined]],
    [['DELAY'], [undefined, 'delayed', undefined, undefined, undefined, undefined]],
    [['SUCCESS'], [undefined, undefined, undefined, 'delivered', 'relayed', undefined]],
    [
      ['SUCCESS', 'FAILURE', 'DELAY'],
      ['failed', 'delayed', undefined, 'delivered', 'relayed', undefined],
    ],
  ])('with NOTIFY %s', (notify, expected) => {
    const ends = [failed, delayed, retried, delivered, relayed, passedOn];
    expect(ends.map((end) => dueNotice(end, notify, 'me@here.example'))).toEqual(expected);
    expect(ends.map((end) => dueNotice(end, notify, ''))).toEqual(ends.map(() => undefined));
  });
});
