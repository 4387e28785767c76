import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { baseSubject } from './base-subject.ts';
import { parseMessageIds } from './parse-message-ids.ts';
import { parseStructure } from './structure-parser.ts';
import { threadReferences } from './thread-references.ts';

function references(header: string): string[] {
  return threadReferences(parseStructure(Buffer.from(`${header}\n\n`)));
}

describe('message identifiers', () => {
  it.each([
    ['<a@b>', ['a@b']],
    ['<a@b> <c@d>\r\n <e\r\n @f>', ['a@b', 'c@d', 'e@f']],
    ['Your message of today <a@b>', ['a@b']],
    ['<a@b><c@d>', ['a@b', 'c@d']],
    ['a@b, c@d', ['a@b', 'c@d']],
    ['<no-at>', ['no-at']],
    ['<>', []],
    ['words', []],
  ])('%j', (value, ids) => {
    expect(parseMessageIds(value)).toEqual(ids);
  });

  it('are bounded, the first and the last ones kept, in linear time', () => {
    const many = Array.from({ length: limits.headerMessageIds + 10 }, (_, index) => `<${index}@x>`);
    const ids = parseMessageIds(many.join(' '));
    expect(ids).toHaveLength(limits.headerMessageIds);
    expect(ids[0]).toBe('0@x');
    expect(ids.at(-1)).toBe(`${limits.headerMessageIds + 9}@x`);
    for (const piece of ['a', '<', '@', '<a', 'a@']) parseMessageIds(piece.repeat(300_000));
  }, 2000);
});

describe('thread references', () => {
  it('are References without repetitions and the message itself', () => {
    expect(references('Message-ID: <m@x>\nReferences: <a@x> <b@x> <a@x> <m@x>\nIn-Reply-To: <c@x>')).toEqual([
      'a@x',
      'b@x',
    ]);
  });

  it('are the first identifier of In-Reply-To without References', () => {
    expect(references('In-Reply-To: <a@x> <b@x>')).toEqual(['a@x']);
    expect(references('Subject: x')).toEqual([]);
  });
});

describe('base subjects', () => {
  it.each([
    ['hello', 'hello', false],
    ['Re: hello', 'hello', true],
    ['RE : hello', 'hello', true],
    ['Re[2]: hello', 'hello', true],
    ['Fwd: Re: FW: hello (fwd)', 'hello', true],
    ['[list] Re: hello', 'hello', true],
    ['Re: [list] hello', 'hello', true],
    ['[list] hello', 'hello', false],
    ['[list] [other] hello', 'hello', false],
    ['[only]', '[only]', false],
    ['[Fwd: hello]', 'hello', true],
    ['[fwd: Re: hello]', 'hello', true],
    ['  a\t b  ', 'a b', false],
    ['Re:', '', true],
    ['(fwd)', '', true],
    ['reply', 'reply', false],
    ['Re: grüße', 'grüße', true],
    ['', '', false],
  ])('%j', (subject, base, isReplyOrForward) => {
    expect(baseSubject(subject)).toEqual({ base, isReplyOrForward });
  });

  it('are found in bounded time', () => {
    for (const piece of ['re:', '[a]', '[fwd:', '(fwd)', ' ', '[', 're[', '[x] re:'])
      baseSubject(piece.repeat(200_000));
  }, 2000);
});
