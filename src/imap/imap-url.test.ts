import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMessageUrl } from './imap-url.ts';

const plain = { server: undefined, uidValidity: undefined, expiresAt: undefined, urlAuth: undefined };
const whole = { part: [], text: '', fields: [], partial: undefined };

describe('parseMessageUrl', () => {
  it.each([
    ['/INBOX/;UID=20', { mailbox: 'INBOX', uid: 20, section: whole }],
    ['INBOX/;uid=20', { mailbox: 'INBOX', uid: 20, section: whole }],
    [';UID=7', { mailbox: undefined, uid: 7, section: whole }],
    [
      '/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER',
      { mailbox: 'Drafts', uidValidity: 385_759_045, uid: 20, section: { ...whole, text: 'HEADER' } },
    ],
    [
      '/a/b%20c/;UID=1/;SECTION=1.2.MIME',
      { mailbox: 'a/b c', uid: 1, section: { ...whole, part: [1, 2], text: 'MIME' } },
    ],
    ['/%C3%A4/;UID=1', { mailbox: 'ä', uid: 1, section: whole }],
    [
      '/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(From%20To)/;PARTIAL=10.20',
      {
        mailbox: 'INBOX',
        uid: 1,
        section: { part: [], text: 'HEADER.FIELDS', fields: ['From', 'To'], partial: { start: 10, count: 20 } },
      },
    ],
    [
      '/INBOX/;UID=1/;PARTIAL=5',
      { mailbox: 'INBOX', uid: 1, section: { ...whole, partial: { start: 5, count: Number.MAX_SAFE_INTEGER } } },
    ],
  ])('reads %s', (text, expected) => {
    expect(parseMessageUrl(text)).toEqual({ ...plain, ...expected });
  });

  it('reads who may use it until when', () => {
    const rump =
      'imap://joe%40example.com;AUTH=*@Example.com:143/INBOX/;uid=20/;section=1.2;expire=2026-12-01T10:00:00Z;urlauth=submit+fred';
    const token = '91354a473744909de610943775f92038';
    expect(parseMessageUrl(`${rump}:internal:${token.toUpperCase()}`)).toEqual({
      server: { user: 'joe@example.com', host: 'example.com' },
      mailbox: 'INBOX',
      uidValidity: undefined,
      uid: 20,
      section: { ...whole, part: [1, 2] },
      expiresAt: Date.UTC(2026, 11, 1, 10),
      urlAuth: { access: 'submit', user: 'fred', rump, mechanism: 'INTERNAL', token },
    });
    expect(parseMessageUrl('imap://joe@[::1]/INBOX/;uid=20;urlauth=anonymous')).toMatchObject({
      server: { user: 'joe', host: '[::1]' },
      urlAuth: { access: 'anonymous', user: undefined, mechanism: undefined, token: undefined },
    });
  });

  it.each([
    '',
    'INBOX',
    '/INBOX',
    '/INBOX;UID=1',
    '/;UID=1',
    '/INBOX/;UID=0',
    '/INBOX/;UID=99999999999',
    '/INBOX/;UID=4294967296',
    '/INBOX/;UID=1/',
    '/INBOX/;UID=1/;SECTION=',
    '/INBOX/;UID=1/;SECTION=NONE',
    '/INBOX/;UID=1/;SECTION=1%5D%5B2',
    '/INBOX/;UID=1/;SECTION=1%5D%3C0.1%3E',
    '/INBOX/;UID=1/;PARTIAL=1.0',
    '/IN BOX/;UID=1',
    '/IN%4/;UID=1',
    '/%FF/;UID=1',
    '/a%00/;UID=1',
    '/INBOX/;UID=1;EXPIRE=tomorrow;URLAUTH=anonymous',
    '/INBOX/;UID=1;URLAUTH=everybody',
    '/INBOX/;UID=1;URLAUTH=user+',
    '/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:123',
    'imap://joe@example.com/',
    'imap://joe@example.com/;UID=1',
    'http://example.com/INBOX/;UID=1',
    '//example.com/INBOX/;UID=1',
  ])('does not take %j', (text) => {
    expect(parseMessageUrl(text)).toBeUndefined();
  });

  it('takes whatever a stranger sends without an error', () => {
    const piece = fc.constantFrom(
      '/',
      ';UID=',
      '1',
      ';SECTION=',
      'imap://',
      '@',
      ':',
      ';URLAUTH=',
      '%41',
      'INBOX',
      '.',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 }))), (pieces) => {
        parseMessageUrl(pieces.join(''));
      }),
    );
  });
});
