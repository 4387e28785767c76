import { describe, expect, it } from 'vitest';
import { BareLineEndError, parseCommandLine } from './command-line.ts';
import { SmtpError } from './smtp-error.ts';

const parse = (line: string) => parseCommandLine(Buffer.from(line));

describe('parseCommandLine', () => {
  it('takes verbs in any case and drops spaces at the end', () => {
    expect(parse('mail FROM:<a@b.example>  \r\n')).toEqual({ verb: 'MAIL', argument: 'FROM:<a@b.example>' });
    expect(parse('QUIT\r\n')).toEqual({ verb: 'QUIT', argument: '' });
    expect(parse('RCPT TO:<ü@b.example>\r\n').argument).toBe('TO:<ü@b.example>');
  });

  it.each(['QUIT\n', 'QUIT\r\r\n', 'NOOP \rQUIT\r\n', '\n'])('refuses line ends other than CRLF: %j', (line) => {
    expect(() => parse(line)).toThrow(BareLineEndError);
  });

  it.each(['\r\n', ' QUIT\r\n', 'QU\0IT\r\n', 'NOOP \x1b\r\n', '\x16\x03\x01\r\n', 'GET / HTTP/1.1\x07\r\n'])(
    'refuses %j',
    (line) => {
      expect(() => parse(line)).toThrow(SmtpError);
    },
  );

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseCommandLine(Buffer.from('NOOP \xff\r\n', 'latin1'))).toThrow(SmtpError);
  });
});
