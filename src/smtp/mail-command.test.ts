import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMailCommand } from './mail-command.ts';
import { parseRcptCommand } from './rcpt-command.ts';
import { SmtpError } from './smtp-error.ts';

const all = { auth: true, requireTls: true, futureRelease: true };
const none = { auth: false, requireTls: false, futureRelease: false };
const now = Date.UTC(2026, 10, 23);
const mail = (text: string, offered = all) => parseMailCommand(text, offered, now);
const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof SmtpError)) throw error;
    return `${error.replyCode} ${error.enhancedCode}`;
  }
};

describe('parseMailCommand', () => {
  it('reads a bare address', () => {
    expect(mail('FROM:<a@b.example>')).toEqual({
      sender: { localpart: 'a', domain: 'b.example' },
      sizeBytes: undefined,
      body: '7BIT',
      smtpUtf8: false,
      ret: undefined,
      envid: undefined,
      requireTls: false,
      holdUntil: undefined,
    });
    expect(mail('from:<>').sender).toBeUndefined();
    expect(mail('FROM: <a@b.example>').sender?.localpart).toBe('a');
  });

  it('reads the parameters of all extensions', () => {
    expect(
      mail('FROM:<ü@b.example> SIZE=1000 BODY=8bitmime SMTPUTF8 RET=hdrs ENVID=QQ+2B1 REQUIRETLS AUTH=<> HOLDFOR=60'),
    ).toMatchObject({
      sizeBytes: 1000,
      body: '8BITMIME',
      smtpUtf8: true,
      ret: 'HDRS',
      envid: 'QQ+2B1',
      requireTls: true,
      holdUntil: now + 60_000,
    });
    expect(mail('FROM:<a@b.example> HOLDUNTIL=2026-12-24T18:00:00+01:00').holdUntil).toBe(Date.UTC(2026, 11, 24, 17));
  });

  it.each([
    ['FROM:<a@b.example> NEW=1', '555 5.5.4'],
    ['FROM:<a@b.example> SIZE=x', '501 5.5.4'],
    ['FROM:<a@b.example> SIZE', '501 5.5.4'],
    ['FROM:<a@b.example> SIZE=1 size=2', '501 5.5.4'],
    ['FROM:<a@b.example> BODY=9BIT', '501 5.5.4'],
    ['FROM:<a@b.example> SMTPUTF8=1', '501 5.5.4'],
    ['FROM:<a@b.example> RET=SOME', '501 5.5.4'],
    ['FROM:<a@b.example> ENVID=+zz', '501 5.5.4'],
    [`FROM:<a@b.example> ENVID=${'x'.repeat(101)}`, '501 5.5.4'],
    ['FROM:<a@b.example> HOLDFOR=1 HOLDUNTIL=2026-12-24T18:00:00Z', '501 5.5.4'],
    ['FROM:<a@b.example> HOLDUNTIL=tomorrow', '501 5.5.4'],
    ['FROM:<a@b.example>SIZE=1', '501 5.5.4'],
    ['FROM:<a@b.example> =', '501 5.5.4'],
    ['FROM:<ü@b.example>', '553 5.6.7'],
    ['FROM:<a@ü.example>', '553 5.6.7'],
    ['FROM a@b.example', '501 5.5.4'],
    ['TO:<a@b.example>', '501 5.5.4'],
    ['', '501 5.5.4'],
  ])('refuses %s with %s', (text, code) => {
    expect(codeOf(() => mail(text))).toBe(code);
  });

  it.each(['REQUIRETLS', 'AUTH=<>', 'HOLDFOR=1', 'HOLDUNTIL=2026-12-24T18:00:00Z'])(
    'does not know %s where the extension is not offered',
    (parameter) => {
      expect(codeOf(() => mail(`FROM:<a@b.example> ${parameter}`, none))).toBe('555 5.5.4');
    },
  );
});

describe('parseRcptCommand', () => {
  it('reads DSN parameters', () => {
    expect(parseRcptCommand('TO:<a@b.example> NOTIFY=success,Failure ORCPT=rfc822;a+2Bb@b.example', false)).toEqual({
      recipient: { localpart: 'a', domain: 'b.example' },
      notify: ['SUCCESS', 'FAILURE'],
      orcpt: 'rfc822;a+2Bb@b.example',
    });
    expect(parseRcptCommand('TO:<ü@b.example> NOTIFY=NEVER ORCPT=utf-8;\\x{FC}@b.example', true)).toMatchObject({
      notify: ['NEVER'],
      orcpt: 'utf-8;\\x{FC}@b.example',
    });
  });

  it.each([
    ['TO:<a@b.example> NOTIFY=NEVER,FAILURE', '501 5.5.4'],
    ['TO:<a@b.example> NOTIFY=', '501 5.5.4'],
    ['TO:<a@b.example> NOTIFY', '501 5.5.4'],
    ['TO:<a@b.example> ORCPT=a@b.example', '501 5.5.4'],
    ['TO:<a@b.example> ORCPT=rfc822;+', '501 5.5.4'],
    ['TO:<a@b.example> SIZE=1', '555 5.5.4'],
    ['TO:<>', '501 5.1.3'],
    ['TO:<ü@b.example>', '553 5.6.7'],
  ])('refuses %s with %s', (text, code) => {
    expect(codeOf(() => parseRcptCommand(text, false))).toBe(code);
  });

  it('gives a command or an SmtpError for any text', () => {
    const pieces = fc.constantFrom(
      'TO:',
      '<a@b.example>',
      ' ',
      'NOTIFY',
      '=',
      'NEVER',
      ',',
      'ORCPT',
      'rfc822',
      ';',
      '+',
      '<',
      '>',
      '\0',
      'ü',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), fc.boolean(), (parts, smtpUtf8) => {
        codeOf(() => parseRcptCommand(parts.join(''), smtpUtf8));
        codeOf(() => mail(parts.join('').replace('TO:', 'FROM:')));
      }),
      { numRuns: 2000 },
    );
  });
});
