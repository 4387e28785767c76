import fc from 'fast-check';

const name = fc.constantFrom(
  ...['From', 'SUBJECT', 'subject', 'X-Odd', 'x-odd ', 'Received', 'Re:ceived', 'References', ''],
  ...['ARC-Seal', 'arc-seal\t', 'X-Google-Id', 'X-MS-Exchange-Anything', 'x-received', 'X-Received-By'],
);
const value = fc.constantFrom(
  ...[
    '',
    ' ',
    ' text',
    ' a\r\n b',
    ' a\n\tb',
    '\r\n folded',
    ' \xFC\xE9',
    ' =?utf-8?q?=C3=BC?=',
    ' a\rb',
    ' nul\0',
    ' \x80',
    ':',
  ],
);
const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n');
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(name, value, lineEnd).map(([field, text, end]) => `${field}:${text}${end}`) },
  fc
    .tuple(fc.constantFrom('no colon', ' begins with a blank', '>From x', '\r', '.', '..'), lineEnd)
    .map((parts) => parts.join('')),
);
const rest = fc.constantFrom(
  '',
  '\r\n',
  '\n',
  '\r\nbody\r\n',
  '\n\nbody',
  '\r\nSubject: of the body\r\n\r\n',
  'no end',
);

/**
 * Messages whose headers are odd: repeated and folded fields, names in any case and with blanks, lines that are no fields, bare LF and CR, NUL, 8 bits, no
 * header, no body. One character for each byte.
 */
export const messageText = fc.tuple(fc.array(line, { maxLength: 8 }), rest).map(([lines, end]) => lines.join('') + end);
