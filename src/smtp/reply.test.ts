import { describe, expect, it } from 'vitest';
import { formatReply, parseReplyLine, replyOf } from './reply.ts';

describe('formatReply', () => {
  it('puts codes on every line', () => {
    expect(formatReply(250, undefined, ['host', 'SIZE 1'])).toBe('250-host\r\n250 SIZE 1\r\n');
    expect(formatReply(550, '5.1.1', 'No')).toBe('550 5.1.1 No\r\n');
  });

  it('lets no text end a line', () => {
    expect(formatReply(550, '5.0.0', 'a\r\n250 b\0')).toBe('550 5.0.0 a  250 b \r\n');
  });

  it('wraps what is too long for a line', () => {
    const reply = formatReply(550, '5.0.0', 'word '.repeat(300).trim());
    const lines = reply.split('\r\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThan(511);
    expect(lines.slice(0, -1).every((line) => line.startsWith('550-5.0.0 '))).toBe(true);
    expect(lines.at(-1)).toMatch(/^550 5\.0\.0 /);
  });
});

describe('parseReplyLine', () => {
  it.each([
    ['250 ok', { code: 250, last: true, text: 'ok' }],
    ['250-ok', { code: 250, last: false, text: 'ok' }],
    ['354', { code: 354, last: true, text: '' }],
    ['250 ', { code: 250, last: true, text: '' }],
  ])('reads %j', (line, expected) => {
    expect(parseReplyLine(line)).toEqual(expected);
  });

  it.each(['', '25', '199 x', '600 x', '250x', 'hello'])('refuses %j', (line) => {
    expect(parseReplyLine(line)).toBeUndefined();
  });
});

describe('replyOf', () => {
  it('takes the enhanced code from the text', () => {
    expect(replyOf(550, ['5.1.1 No', '5.1.1 such'])).toEqual({
      code: 550,
      enhancedCode: '5.1.1',
      lines: ['No', 'such'],
    });
  });

  it('leaves a code of another class in the text', () => {
    expect(replyOf(250, ['5.1.1 No'])).toEqual({ code: 250, enhancedCode: undefined, lines: ['5.1.1 No'] });
  });
});
