import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMailboxName, decodeModifiedUtf7, encodeMailboxName, encodeModifiedUtf7 } from './mailbox-name.ts';

describe('modified UTF-7', () => {
  it.each([
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['Entwürfe & mehr', 'Entw&APw-rfe &- mehr'],
    ['😀', '&2D3eAA-'],
    ['a&b', 'a&-b'],
  ])('writes %s as %s', (name, encoded) => {
    expect(encodeModifiedUtf7(name)).toBe(encoded);
    expect(decodeModifiedUtf7(encoded)).toBe(name);
  });

  it.each(['&', 'a&b', '&AGE-', '&ZeVnLIqe', '&U,BTFx-', '&2D0-', '&ZeU-&ZyyKng-', 'a\xe4', '&a-', '&=-', 'a\x7f'])(
    'refuses %j',
    (encoded) => {
      expect(decodeModifiedUtf7(encoded)).toBeUndefined();
    },
  );

  it('gives every name back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const name = text.toWellFormed();
        expect(decodeModifiedUtf7(encodeModifiedUtf7(name))).toBe(name);
      }),
    );
  });

  it('never fails on bytes, and has one spelling for each name', () => {
    const bytes = fc.string({ unit: fc.constantFrom('&', '-', 'A', 'P', 'w', ',', '+', 'z', '2', 'D') });
    fc.assert(
      fc.property(bytes, (encoded) => {
        const name = decodeModifiedUtf7(encoded);
        if (name !== undefined) expect(encodeModifiedUtf7(name)).toBe(encoded);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a mailbox name', () => {
  it('is Inbox in any case, and at the first level only', () => {
    expect(decodeMailboxName('iNBox', false)).toBe('Inbox');
    expect(decodeMailboxName('inbox/a', false)).toBe('Inbox/a');
    expect(decodeMailboxName('a/inbox', false)).toBe('a/inbox');
    expect(decodeMailboxName('inboxes', false)).toBe('inboxes');
    expect(encodeMailboxName('Inbox/a', false)).toBe('INBOX/a');
  });

  it('is UTF-8 when the client has enabled it, in composed form', () => {
    expect(decodeMailboxName('u\xcc\x88', true)).toBe('ü');
    expect(encodeMailboxName('ü', true)).toBe('\xc3\xbc');
    expect(decodeMailboxName('\xc3', true)).toBeUndefined();
    expect(decodeMailboxName('&APw-', true)).toBe('&APw-');
  });
});
