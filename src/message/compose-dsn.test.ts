import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { composeDsn, type DsnOptions } from './compose-dsn.ts';
import { isDsn, parseDsn } from './parse-dsn.ts';
import { parseStructure } from './structure-parser.ts';

const NOW = Date.parse('2026-11-23T21:28:13Z');

function options(changes: Partial<DsnOptions> = {}): DsnOptions {
  return {
    to: 'sender@example.org',
    from: 'postmaster@mx.example.net',
    messageId: 'dsn1@mx.example.net',
    dateMs: NOW,
    reportingMta: 'mx.example.net',
    originalEnvelopeId: 'QQ314159',
    arrivedAtMs: NOW - 3_600_000,
    recipients: [
      {
        finalRecipient: 'bob@example.com',
        originalRecipient: 'rfc822;Bob@example.com',
        action: 'failed',
        status: '5.1.1',
        remoteMta: 'mail.example.com',
        diagnosticCode: '550 5.1.1 no such user\r\n here',
        lastAttemptAtMs: NOW - 1000,
        willRetryUntilMs: NOW + 1000,
      },
    ],
    original: {
      bytes: Buffer.from('From: a@b\r\nSubject: hi\r\nMessage-ID: <orig@x>\r\n\r\nsecret body\r\n'),
      full: false,
    },
    originalMessageId: '<orig@x>',
    smtpUtf8: false,
    boundary: '0123abcd',
    ...changes,
  };
}

describe('composed delivery status notifications', () => {
  it('are whole messages', () => {
    expect(composeDsn(options()).toString('latin1').split('\r\n')).toEqual([
      'Date: Mon, 23 Nov 2026 21:28:13 +0000',
      'From: Mail Delivery System <postmaster@mx.example.net>',
      'To: sender@example.org',
      'Subject: Undelivered mail returned to sender',
      'Message-ID: <dsn1@mx.example.net>',
      'In-Reply-To: <orig@x>',
      'References: <orig@x>',
      'Auto-Submitted: auto-replied',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status;',
      ' boundary="=_dsn_0123abcd"',
      '',
      'This is a delivery status notification in MIME format.',
      '',
      '--=_dsn_0123abcd',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Description: Notification',
      'Content-Transfer-Encoding: 7bit',
      '',
      'This is the mail system at mx.example.net.',
      '',
      'Your message could not be delivered to these recipients. It will not be tried again.',
      '',
      '  <bob@example.com>',
      '    Server: mail.example.com',
      '    Reply: 550 5.1.1 no such user here',
      '',
      '--=_dsn_0123abcd',
      'Content-Type: message/delivery-status',
      'Content-Description: Delivery report',
      'Content-Transfer-Encoding: 7bit',
      '',
      'Original-Envelope-Id: QQ314159',
      'Reporting-MTA: dns; mx.example.net',
      'Arrival-Date: Mon, 23 Nov 2026 20:28:13 +0000',
      '',
      'Original-Recipient: rfc822; Bob@example.com',
      'Final-Recipient: rfc822; bob@example.com',
      'Action: failed',
      'Status: 5.1.1',
      'Remote-MTA: dns; mail.example.com',
      'Diagnostic-Code: smtp; 550 5.1.1 no such user here',
      'Last-Attempt-Date: Mon, 23 Nov 2026 21:28:12 +0000',
      '',
      '--=_dsn_0123abcd',
      'Content-Type: text/rfc822-headers',
      'Content-Description: Header of the message',
      'Content-Transfer-Encoding: 7bit',
      '',
      'From: a@b',
      'Subject: hi',
      'Message-ID: <orig@x>',
      '',
      '--=_dsn_0123abcd--',
      '',
    ]);
  });

  it('say in the subject and text what happened', () => {
    const recipient = { finalRecipient: 'b@c', status: '4.4.1', action: 'delayed', willRetryUntilMs: NOW } as const;
    const delayed = composeDsn(options({ recipients: [recipient] })).toString();
    expect(delayed).toContain('Subject: Delayed mail (still being retried)');
    expect(delayed).toContain('Will-Retry-Until: Mon, 23 Nov 2026 21:28:13 +0000');
    const delivered = composeDsn(
      options({ recipients: [{ finalRecipient: 'b@c', status: '2.0.0', action: 'delivered' }] }),
    );
    expect(delivered.toString()).toContain('Subject: Successful mail delivery report');
  });

  it('are read back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.string({ minLength: 900, maxLength: 1200 }),
    );
    const recipient = fc.record({
      finalRecipient: fc.constantFrom('a@example.org', 'jürgen@bücher.example', '日本@例え.jp'),
      action: fc.constantFrom('failed', 'delayed', 'delivered', 'relayed', 'expanded'),
      status: fc.constantFrom('5.1.1', '4.7.26', '2.0.0'),
    });
    fc.assert(
      fc.property(
        fc.array(recipient, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        text,
        (list, smtpUtf8, full, reply) => {
          const recipients = list.map((one) => ({
            ...one,
            originalRecipient: `utf-8;${one.finalRecipient}`,
            diagnosticCode: `550 ${reply}`,
          }));
          const bytes = composeDsn(
            options({
              recipients: recipients as DsnOptions['recipients'],
              smtpUtf8,
              original: { ...options().original, full },
            }),
          );
          if (!smtpUtf8) expect(bytes.every((byte) => byte < 128)).toBe(true);
          for (const line of bytes.toString('latin1').split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
          const structure = parseStructure(bytes);
          expect(isDsn(structure)).toBe(true);
          expect(structure.root.children).toHaveLength(3);
          expect(parseDsn(bytes, structure)).toMatchObject({
            originalEnvelopeId: 'QQ314159',
            reportingMta: 'mx.example.net',
            arrivedAtMs: NOW - 3_600_000,
            originalMessageId: '<orig@x>',
            recipients: list.map(({ finalRecipient, action, status }) => ({
              finalRecipient,
              originalRecipient: finalRecipient,
              action,
              status,
            })),
          });
        },
      ),
    );
  });

  it('return a header with 8-bit bytes in ASCII, unless UTF-8 is allowed, and not more than the limit', () => {
    const header = Buffer.from(`Subject: grüße\r\n${'X-Filler: aaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(10_000)}\r\n`);
    const ascii = composeDsn(options({ original: { bytes: header, full: false } }));
    expect(ascii.toString()).toContain(
      'Content-Transfer-Encoding: quoted-printable\r\n\r\nSubject: gr=C3=BC=C3=9Fe\r\n',
    );
    expect(ascii.length).toBeLessThan(limits.dsnHeaderBytes + 10_000);
    const utf8 = composeDsn(options({ original: { bytes: header, full: false }, smtpUtf8: true })).toString();
    expect(utf8).toContain('Content-Type: message/global-headers');
    expect(utf8.includes('\r\nSubject: grüße\r\n')).toBe(true);
  });

  it('return the full message when asked to', () => {
    const bytes = composeDsn(options({ original: { ...options().original, full: true } }));
    const [, , returned] = parseStructure(bytes).root.children!;
    expect(bytes.toString('latin1', returned!.bodyStart, returned!.bodyEnd)).toContain('secret body');
    expect(returned!.message!.envelope.subject).toBe('hi');
  });
});

describe('received delivery status notifications', () => {
  it('are read as other servers write them', () => {
    const bytes = Buffer.from(
      'Content-Type: multipart/report; report-type="delivery-status"; boundary=b\n\n--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\n' +
        'Reporting-MTA: DNS;x.example\n \nOriginal-Recipient: RFC822; <A@example.org>\nAction: FAILED\nStatus: 5.2.2 (mailbox full)\n\n\n' +
        'Final-Recipient: rfc822;b@example.org\naction: delayed\nstatus: 4.0.0\nDiagnostic-Code: smtp;450 wait\n  a bit\n\n--b--\n',
    );
    expect(parseDsn(bytes, parseStructure(bytes))).toEqual({
      reportingMta: 'x.example',
      recipients: [
        { finalRecipient: 'A@example.org', originalRecipient: 'A@example.org', action: 'failed', status: '5.2.2' },
        { finalRecipient: 'b@example.org', action: 'delayed', status: '4.0.0', diagnosticCode: '450 wait  a bit' },
      ],
    });
  });

  it('are not what other reports are', () => {
    for (const type of [
      'multipart/report; report-type=disposition-notification; boundary=b',
      'text/plain',
      'multipart/mixed; boundary=b',
    ]) {
      const bytes = Buffer.from(`Content-Type: ${type}\n\n--b\nContent-Type: message/delivery-status\n\nx\n--b--\n`);
      expect(parseDsn(bytes, parseStructure(bytes))).toBeUndefined();
    }
  });

  it('never fail', () => {
    const pieces = fc.array(
      fc.constantFrom(
        'Final-Recipient: ',
        'Action: ',
        'failed',
        'rfc822;',
        'utf-8;\\x{110000}',
        '\n',
        '\n\n',
        'Status: ',
        '5.1.1',
        '\xE9',
        '<',
        ' ',
      ),
    );
    fc.assert(
      fc.property(
        pieces,
        fc.constantFrom('', 'Content-Transfer-Encoding: base64\n', 'Content-Transfer-Encoding: x\n'),
        (parts, encoding) => {
          const bytes = Buffer.from(
            `Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n${encoding}Content-Type: message/delivery-status\n\n${parts.join('')}`,
            'latin1',
          );
          parseDsn(bytes, parseStructure(bytes));
        },
      ),
    );
  });
});
