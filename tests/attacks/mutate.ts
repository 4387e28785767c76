import type { SeededRandom } from '../harness/seeded-random.ts';

/** What parsers stumble over: one character a byte. */
const nasty = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\n.\r\n',
  '\r.\r',
  '\x7f',
  '\xff\xfe',
  '\xc0\x80',
  '\xed\xa0\x80',
  '\xe2\x80\xa8',
  '\xf4\x90\x80\x80',
  '"',
  '\\',
  '\\"',
  '<',
  '>',
  '@',
  '(',
  ')',
  '{',
  '{0}',
  '{5+}\r\n',
  '{99999999999}',
  '{4294967296+}\r\n',
  '~{3}\r\n',
  '[',
  ']',
  '*',
  '%',
  '&',
  '&-',
  '&AAA-',
  '&2AA-',
  '%00',
  '=',
  ' ',
  '  ',
  '\t',
  ',',
  ':',
  ';',
  '-1',
  '0',
  '4294967295',
  '4294967296',
  '18446744073709551616',
  '1e308',
  '../',
  '__proto__',
  'constructor',
  'NIL',
  '\u00fc',
  'xn--',
] as const;

/** Changes a text in one to three places. */
export function mutate(random: SeededRandom, text: string): string {
  let changed = text;
  for (let left = 1 + random.below(3); left > 0; left--) changed = mutateOnce(random, changed);
  return changed;
}

function mutateOnce(random: SeededRandom, text: string): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(8));
  const before = text.slice(0, at);
  switch (random.below(8)) {
    case 0:
      return before + text.slice(end);
    case 1:
      return before + random.bytes(1 + random.below(4)) + text.slice(at);
    case 2:
      return before;
    case 3:
      return (
        before +
        text
          .slice(at, end)
          .replace(/[\r\n]+/g, '')
          .repeat(random.pick([2, 10, 300])) +
        text.slice(end)
      );
    case 4:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 5:
      return text.slice(at) + before;
    default:
      return before + random.pick(nasty) + text.slice(at);
  }
}
