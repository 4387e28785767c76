import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderBodyStructure } from './render-body-structure.ts';
import { renderEnvelope } from './render-envelope.ts';
import { parseStructure } from './structure-parser.ts';

type Value = string | null | number | Value[];

/** Reads one value of IMAP data: number, nstring or parenthesised list. Throws where the grammar doesn't allow what it finds. */
class ImapReader {
  readonly #text: string;
  #pos = 0;

  constructor(text: string) {
    this.#text = text;
  }

  static read(text: string): Value {
    const reader = new ImapReader(text);
    const value = reader.#value();
    if (reader.#pos !== text.length) throw new Error(`rest: ${text.slice(reader.#pos)}`);
    return value;
  }

  #value(): Value {
    const rest = this.#text.slice(this.#pos);
    if (rest.startsWith('(')) return this.#list();
    if (rest.startsWith('NIL')) {
      this.#pos += 3;
      return null;
    }
    const literal = /^\{(\d+)\}\r\n/.exec(rest);
    if (literal !== null) {
      const start = this.#pos + literal[0].length;
      this.#pos = start + Number(literal[1]);
      const content = this.#text.slice(start, this.#pos);
      if (content.length !== Number(literal[1]) || content.includes('\0')) throw new Error('literal');
      return content;
    }
    const quoted = /^"((?:[^"\\\r\n\0\x80-\xFF]|\\["\\])*)"/.exec(rest);
    if (quoted !== null) {
      this.#pos += quoted[0].length;
      return quoted[1]!.replace(/\\(.)/g, '$1');
    }
    const number = /^\d+/.exec(rest);
    if (number === null) throw new Error(`value: ${rest}`);
    this.#pos += number[0].length;
    return Number(number[0]);
  }

  /** Members are divided by one space, except that lists may follow each other without. */
  #list(): Value[] {
    const members: Value[] = [];
    this.#pos++;
    while (this.#text[this.#pos] !== ')') {
      if (members.length > 0) {
        if (this.#text[this.#pos] === ' ') this.#pos++;
        else if (this.#text[this.#pos] !== '(' || !Array.isArray(members.at(-1))) throw new Error('space');
      }
      members.push(this.#value());
    }
    if (members.length === 0) throw new Error('empty list');
    this.#pos++;
    return members;
  }
}

function isNstring(value: Value | undefined): boolean {
  return value === null || typeof value === 'string';
}

function checkEnvelope(value: Value): void {
  if (!Array.isArray(value) || value.length !== 10) throw new Error('envelope');
  for (const [index, member] of value.entries()) {
    if (index < 2 || index > 7) expect(isNstring(member)).toBe(true);
    else if (member !== null) {
      if (!Array.isArray(member)) throw new Error('addresses');
      for (const address of member) {
        if (!Array.isArray(address) || address.length !== 4) throw new Error('address');
        expect(address.every(isNstring)).toBe(true);
      }
    }
  }
}

function checkParams(value: Value | undefined): void {
  if (value === null) return;
  if (!Array.isArray(value) || value.length % 2 !== 0) throw new Error('parameters');
  expect(value.every((member) => typeof member === 'string')).toBe(true);
}

function checkExtension(members: Value[]): void {
  const [disposition, language, location] = members;
  if (disposition !== null) {
    if (!Array.isArray(disposition) || disposition.length !== 2) throw new Error('disposition');
    expect(typeof disposition[0]).toBe('string');
    checkParams(disposition[1]);
  }
  if (!isNstring(language)) expect(Array.isArray(language)).toBe(true);
  expect(isNstring(location)).toBe(true);
}

/** RFC 9051 §9, `body`. */
function checkBody(value: Value | undefined, extended: boolean): void {
  if (!Array.isArray(value)) throw new Error('body');
  const members = [...value];
  if (Array.isArray(members[0])) {
    while (Array.isArray(members[0])) checkBody(members.shift(), extended);
    expect(typeof members.shift()).toBe('string');
    if (extended) {
      checkParams(members.shift());
      checkExtension(members.splice(0, 3));
    }
  } else {
    const [type, subtype, params, id, description, encoding, octets] = members.splice(0, 7);
    expect([type, subtype, encoding].every((member) => typeof member === 'string')).toBe(true);
    expect(type).not.toBe('multipart');
    checkParams(params);
    expect(isNstring(id) && isNstring(description)).toBe(true);
    expect(typeof octets).toBe('number');
    if (type === 'message' && (subtype === 'rfc822' || subtype === 'global')) {
      checkEnvelope(members.shift()!);
      checkBody(members.shift(), extended);
      expect(typeof members.shift()).toBe('number');
    } else if (type === 'text') expect(typeof members.shift()).toBe('number');
    if (extended) {
      expect(isNstring(members.shift())).toBe(true);
      checkExtension(members.splice(0, 3));
    }
  }
  expect(members).toEqual([]);
}

function structureOf(text: string): ReturnType<typeof parseStructure> {
  return parseStructure(Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1'));
}

const rubbish = fc
  .array(
    fc.constantFrom(
      ...[
        'From: ',
        'To: ',
        'Sender: ',
        'Reply-To: ',
        'Subject: ',
        'Date: ',
        'Message-ID: ',
        'Content-Type: ',
        '\r\n',
        '\r\n ',
      ],
      ...[
        'multipart/mixed; boundary=b',
        'message/rfc822',
        'text/html; charset="x',
        'Content-Disposition: ',
        'attachment; ',
      ],
      ...[
        'Content-Language: ',
        'Content-ID: ',
        'filename*0*=',
        'a=',
        '--b',
        '--b--',
        '"',
        '\\',
        '(',
        ')',
        '<',
        '>',
        '@',
        ',',
      ],
      ...[';', ':', '.', 'word', '[', ']', '\0', '\r', '\n', '\xE9', '=?utf-8?q?', '?=', '{3}', 'NIL', ' ', '/', '='],
    ),
    { maxLength: 80 },
  )
  .map((pieces) => pieces.join(''));

describe('rendered envelopes and body structures', () => {
  it('follow the grammar whatever the message is', () => {
    fc.assert(
      fc.property(fc.oneof(rubbish, fc.string({ unit: 'binary' })), (text) => {
        const structure = parseStructure(Buffer.from(text, 'latin1'));
        checkEnvelope(ImapReader.read(renderEnvelope(structure)));
        checkBody(ImapReader.read(renderBodyStructure(structure, { extended: true })), true);
        checkBody(ImapReader.read(renderBodyStructure(structure, { extended: false })), false);
      }),
      { numRuns: 2000 },
    );
  });

  it('hold one character for each byte', () => {
    const structure = structureOf('Subject: gr\xC3\xBC\xC3\x9Fe\n\n');
    expect(renderEnvelope(structure)).toBe('(NIL {7}\r\ngr\xC3\xBC\xC3\x9Fe NIL NIL NIL NIL NIL NIL NIL NIL)');
  });
});

describe('rendered envelopes', () => {
  it('name the sender and the reply address after From when these fields are missing or empty', () => {
    const structure = structureOf('From: "Joe \\"Q\\"" <joe@example.org>\nReply-To: \n\n');
    const from = '(("Joe \\"Q\\"" NIL "joe" "example.org"))';
    expect(renderEnvelope(structure)).toBe(`(NIL NIL ${from} ${from} ${from} NIL NIL NIL NIL NIL)`);
  });

  it('mark groups, source routes and broken addresses', () => {
    const structure = structureOf('To: team: a@x, b@y;, <@r1,@r2:c@z>, someone, <>\nCc: none:;\n\n');
    expect(renderEnvelope(structure)).toBe(
      '(NIL NIL NIL NIL NIL ((NIL NIL "team" NIL)(NIL NIL "a" "x")(NIL NIL "b" "y")(NIL NIL NIL NIL)(NIL "@r1,@r2" "c" "z")' +
        '(NIL NIL "someone" "MISSING_DOMAIN")(NIL NIL "MISSING_MAILBOX" "MISSING_DOMAIN")) ((NIL NIL "none" NIL)(NIL NIL NIL NIL)) NIL NIL NIL)',
    );
  });

  it('show empty fields as empty strings', () => {
    expect(renderEnvelope(structureOf('Subject:\nDate: x\n\n'))).toBe('("x" "" NIL NIL NIL NIL NIL NIL NIL NIL)');
  });

  it('write NUL as U+FFFD and a bare CR as a space', () => {
    expect(renderEnvelope(structureOf('Subject: a\0b\rc\n\n'))).toContain('{7}\r\na\xEF\xBF\xBDb c');
  });
});

describe('rendered body structures', () => {
  it('show a plain message', () => {
    const structure = structureOf('Subject: x\n\nhello\nthere\n');
    expect(renderBodyStructure(structure, { extended: false })).toBe(
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 14 2)',
    );
    expect(renderBodyStructure(structure, { extended: true })).toBe(
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 14 2 NIL NIL NIL NIL)',
    );
  });

  it('show all fields of a part, parameters as they stood', () => {
    const structure = structureOf(
      'Content-Type: IMAGE/png; Name*0*=utf-8\'\'a%20; name*1="b"\nContent-ID: <i>\nContent-Description: d\nContent-MD5: m\n' +
        'Content-Transfer-Encoding: Base64\nContent-Disposition: inline; filename="q\\"q"\nContent-Language: de, en\nContent-Location: l\n\nAAAA\n',
    );
    expect(renderBodyStructure(structure, { extended: true })).toBe(
      '("image" "png" ("Name*0*" "utf-8\'\'a%20" "name*1" "b") "<i>" "d" "base64" 6 "m" ("inline" ("filename" "q\\"q")) ("de" "en") "l")',
    );
  });

  it('show embedded messages with envelope, structure and lines', () => {
    const structure = structureOf('Content-Type: message/rfc822\n\nSubject: in\n\none\n');
    expect(renderBodyStructure(structure, { extended: false })).toBe(
      '("message" "rfc822" NIL NIL NIL "7bit" 20 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1) 3)',
    );
  });

  it('show a multipart without parts with an empty one', () => {
    const structure = structureOf('Content-Type: multipart/mixed; boundary=b\n\n');
    expect(renderBodyStructure(structure, { extended: true })).toBe(
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)',
    );
  });
});
