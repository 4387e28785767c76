import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import type { MessagePart, MessageStructure } from './structure.ts';
import { parseStructure, StructureParser } from './structure-parser.ts';

function crlf(text: string): Buffer {
  return Buffer.from(text.replace(/\n/g, '\r\n'), 'latin1');
}

/** Pieces that messages are broken with. */
const mimeBytes = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('\r\n', '\n', '\r\n\r\n', '\n\n') },
      {
        weight: 8,
        arbitrary: fc.constantFrom(
          ...[
            '--a',
            '--a--',
            '--b',
            '--b--',
            '--ab',
            '--',
            '-',
            '--a \t',
            'x',
            'text',
            '\r',
            '\0',
            ' ',
            '\t',
            'é',
            ':',
          ],
        ),
      },
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          'Content-Type: multipart/mixed; boundary=a\r\n',
          'Content-Type: multipart/digest; boundary="b"\r\n',
          'Content-Type: multipart/mixed;\r\n\tboundary="ab"\n',
          'Content-Type: multipart/mixed\r\n',
          'Content-Type: message/rfc822\r\n',
          'Content-Type: application/pdf\r\n',
          'Content-Transfer-Encoding: base64\r\n',
          'Subject: hello\r\n there\r\n',
          'From: a@b\n',
        ),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
    ),
    { maxLength: 60 },
  )
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));

function inChunks(bytes: Buffer, sizes: number[]): MessageStructure {
  const parser = new StructureParser();
  let start = 0;
  for (let turn = 0; start < bytes.length; turn++) {
    const end = Math.min(bytes.length, start + sizes[turn % sizes.length]!);
    // A copy that is overwritten afterwards shows that nothing of the chunk is kept.
    const chunk = Buffer.from(bytes.subarray(start, end));
    parser.push(chunk);
    chunk.fill(0x2d);
    start = end;
  }
  return parser.finish();
}

function checkRanges(part: MessagePart, start: number, end: number): void {
  expect(part.headerStart).toBeGreaterThanOrEqual(start);
  expect(part.bodyStart).toBeGreaterThanOrEqual(part.headerStart);
  expect(part.bodyEnd).toBeGreaterThanOrEqual(part.bodyStart);
  expect(part.bodyEnd).toBeLessThanOrEqual(end);
  expect(`${part.type}/${part.subtype}`).toMatch(/^[^/]+\/[^/]+$/);
  expect(part.children !== undefined).toBe(part.type === 'multipart');
  expect(part.message !== undefined).toBe(
    part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global'),
  );
  let from = part.bodyStart;
  for (const child of part.children ?? []) {
    checkRanges(child, from, part.bodyEnd);
    from = child.bodyEnd;
  }
  if (part.message !== undefined) {
    expect(part.message.root.headerStart).toBe(part.bodyStart);
    expect(part.message.root.bodyEnd).toBe(part.bodyEnd);
    checkRanges(part.message.root, part.bodyStart, part.bodyEnd);
  }
}

function countedLines(part: MessagePart, bytes: Buffer): number {
  return bytes.toString('latin1', part.bodyStart, part.bodyEnd).split('\n').length - 1;
}

function everyPart(part: MessagePart): MessagePart[] {
  return [
    part,
    ...(part.children ?? []).flatMap(everyPart),
    ...(part.message === undefined ? [] : everyPart(part.message.root)),
  ];
}

/** `type/subtype[children]`, to see a tree at a glance. */
function outline(part: MessagePart): string {
  const inside = part.children ?? (part.message === undefined ? undefined : [part.message.root]);
  const name = `${part.type}/${part.subtype}`;
  return inside === undefined ? name : `${name}[${inside.map(outline).join(' ')}]`;
}

function body(bytes: Buffer, part: MessagePart | undefined): string {
  return bytes.toString('latin1', part!.bodyStart, part!.bodyEnd);
}

describe('properties of the structure parser', () => {
  it('gives the same result however the message is cut into chunks', () => {
    fc.assert(
      fc.property(
        mimeBytes,
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
        (bytes, sizes) => {
          const whole = parseStructure(bytes);
          expect(inChunks(bytes, [1])).toEqual(whole);
          expect(inChunks(bytes, sizes)).toEqual(whole);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('nests all ranges, ends the message where it ends, and counts lines', () => {
    fc.assert(
      fc.property(mimeBytes, (bytes) => {
        const structure = parseStructure(bytes);
        expect(structure.sizeBytes).toBe(bytes.length);
        expect(structure.root.headerStart).toBe(0);
        expect(structure.root.bodyEnd).toBe(bytes.length);
        checkRanges(structure.root, 0, bytes.length);
        for (const part of everyPart(structure.root)) {
          const counted = part.type === 'text' || part.message !== undefined;
          expect(part.lines).toBe(counted ? countedLines(part, bytes) : 0);
        }
        expect(JSON.parse(JSON.stringify(structure))).toEqual(structure);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const structure = parseStructure(bytes);
        checkRanges(structure.root, 0, bytes.length);
      }),
    );
  });

  it('finds the bodies that a well-formed message was made of', () => {
    const leafBody = fc
      .array(fc.constantFrom('line', '', '--', '-- ', '--other', ' x', 'é'), { minLength: 1, maxLength: 5 })
      .map((lines) => lines.join('\r\n'));
    const tree = fc.letrec<{ node: Tree }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        leafBody.map((text): Tree => text),
        fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (node) => {
        let boundaries = 0;
        const leaves: string[] = [];
        const write = (at: Tree): string => {
          if (typeof at === 'string') {
            leaves.push(at);
            return `Content-Type: text/plain\r\n\r\n${at}`;
          }
          const boundary = `bound${String(++boundaries).padStart(4, '0')}`;
          const inside = at.map((child) => `--${boundary}\r\n${write(child)}\r\n`).join('');
          return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${inside}--${boundary}--\r\n`;
        };
        const bytes = Buffer.from(write(node), 'latin1');
        const parts = everyPart(parseStructure(bytes).root).filter((part) => part.type === 'text');
        expect(parts.map((part) => body(bytes, part))).toEqual(leaves);
      }),
      { numRuns: 500 },
    );
  });
});

type Tree = string | Tree[];

describe('well-formed messages', () => {
  it('reads a plain message with the top-level facts', () => {
    const bytes = crlf(
      'Received: one\nReceived: two\nFrom: Joe\n <joe@example.org>\nTo: a@example.org\nCc: c@example.org\nTo: b@example.org\n' +
        'Subject: hello\n world\nDate: today\nMessage-ID: <1@x>\nIn-Reply-To: <0@x>\nReferences: <a@x>\n <0@x>\n' +
        'Sender: s@example.org\nReply-To: r@example.org\nBcc:\nList-Id: <list.example.org>\nAuto-Submitted: no\n\nbody\n',
    );
    expect(parseStructure(bytes)).toEqual({
      sizeBytes: bytes.length,
      envelope: {
        from: 'Joe <joe@example.org>',
        to: 'a@example.org, b@example.org',
        cc: 'c@example.org',
        bcc: '',
        subject: 'hello world',
        date: 'today',
        messageId: '<1@x>',
        inReplyTo: '<0@x>',
        sender: 's@example.org',
        replyTo: 'r@example.org',
      },
      references: '<a@x> <0@x>',
      listId: '<list.example.org>',
      autoSubmitted: 'no',
      receivedCount: 2,
      fromCount: 1,
      root: {
        headerStart: 0,
        bodyStart: bytes.length - 6,
        bodyEnd: bytes.length,
        lines: 1,
        type: 'text',
        subtype: 'plain',
        params: [],
      },
    });
  });

  it('reads all content fields of a part', () => {
    const bytes = crlf(
      'Content-Type: Image/PNG; Name="a b.png"\nContent-Transfer-Encoding: BASE64\nContent-ID: <i@x>\nContent-MD5: abc=\n' +
        'Content-Description: a picture\nContent-Disposition: Attachment; filename=x.png\nContent-Language: de, en\n' +
        'Content-Location: http://x/\n\nAAAA\n',
    );
    expect(parseStructure(bytes).root).toMatchObject({
      type: 'image',
      subtype: 'png',
      params: [['Name', 'a b.png']],
      encoding: 'base64',
      id: '<i@x>',
      md5: 'abc=',
      description: 'a picture',
      disposition: { type: 'attachment', params: [['filename', 'x.png']] },
      language: ['de', 'en'],
      location: 'http://x/',
      lines: 0,
    });
  });

  it('gives parts without Content-Type in a digest the type message/rfc822', () => {
    const bytes = crlf(
      'Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nfirst\n--b\nContent-Type: text/html\n\nx\n--b--\n',
    );
    const { root } = parseStructure(bytes);
    expect(outline(root)).toBe('multipart/digest[message/rfc822[text/plain] text/html]');
    expect(root.children![0]!.message!.envelope).toEqual({ subject: 'one' });
    expect(body(bytes, root.children![0]!.message!.root)).toBe('first');
  });
});

describe('odd messages', () => {
  it('takes bare line feeds and counts offsets right', () => {
    const bytes = Buffer.from(
      'Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nSubject: x\n\ntwo\n\n--b--\n',
    );
    const { root } = parseStructure(bytes);
    expect(root.children!.map((part) => body(bytes, part))).toEqual(['one', 'two\n']);
  });

  it('takes an empty message, and one with only a header', () => {
    expect(parseStructure(Buffer.alloc(0)).root).toMatchObject({ bodyStart: 0, bodyEnd: 0, type: 'text' });
    const bytes = crlf('Subject: x\nContent-Type: text/html');
    const structure = parseStructure(bytes);
    expect(structure.envelope.subject).toBe('x');
    expect(structure.root).toMatchObject({ bodyStart: bytes.length, bodyEnd: bytes.length, subtype: 'html' });
  });

  it('goes on with the header after a line without a colon', () => {
    expect(parseStructure(crlf('A: 1\nrubbish\nSubject: x\n\nbody')).envelope.subject).toBe('x');
  });

  it('takes a multipart without boundary for plain text', () => {
    const bytes = crlf('Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n');
    expect(parseStructure(bytes).root).toMatchObject({ type: 'text', subtype: 'plain', lines: 4 });
  });

  it('ends at the end of the message when the closing boundary is missing', () => {
    const bytes = crlf('Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n');
    expect(parseStructure(bytes).root.children!.map((part) => body(bytes, part))).toEqual(['one', 'two\r\n']);
  });

  it('lets an outer boundary end inner multiparts that were not closed', () => {
    const bytes = crlf(
      'Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\none\n--out\n\ntwo\n--out--\n',
    );
    const { root } = parseStructure(bytes);
    expect(outline(root)).toBe('multipart/mixed[multipart/mixed[text/plain] text/plain]');
    expect(body(bytes, root.children![0]!.children![0])).toBe('one');
    expect(body(bytes, root.children![1])).toBe('two');
  });

  it('takes the longest boundary where one is the beginning of another', () => {
    const bytes = crlf(
      'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\none\n--bb\n\ntwo\n--bb--\n--b\n\nthree\n--b--\n',
    );
    expect(outline(parseStructure(bytes).root)).toBe(
      'multipart/mixed[multipart/mixed[text/plain text/plain] text/plain]',
    );
  });

  it('takes the innermost of equal boundaries', () => {
    const bytes = crlf(
      'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b--\nend\n',
    );
    expect(outline(parseStructure(bytes).root)).toBe('multipart/mixed[multipart/mixed[text/plain]]');
  });

  it('ignores what follows a closing boundary', () => {
    const bytes = crlf('Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n');
    expect(outline(parseStructure(bytes).root)).toBe('multipart/mixed[text/plain]');
  });

  it('takes whitespace after a boundary, in the line and in the parameter', () => {
    const bytes = crlf('Content-Type: multipart/mixed; boundary="b "\n\n--b  \n\none\n--b-- \t\nend');
    const { root } = parseStructure(bytes);
    expect(root.children!.map((part) => body(bytes, part))).toEqual(['one']);
  });

  it('takes an RFC 2231 boundary', () => {
    const bytes = crlf('Content-Type: multipart/mixed; boundary*0=ab; boundary*1=cd\n\n--abcd\n\none\n--abcd--\n');
    expect(outline(parseStructure(bytes).root)).toBe('multipart/mixed[text/plain]');
  });

  it('begins no part after a boundary that the message ends in', () => {
    const bytes = crlf('Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b');
    expect(parseStructure(bytes).root.children!.map((part) => body(bytes, part))).toEqual(['one']);
  });

  it('does not take a header that begins with a continuation for a field', () => {
    expect(parseStructure(crlf(' Subject: x\nFrom: a\n\n')).envelope).toEqual({ from: 'a' });
  });

  it('gives a multipart in which no boundary comes no children', () => {
    expect(parseStructure(crlf('Content-Type: multipart/mixed; boundary=b\n\nnothing\n')).root.children).toEqual([]);
  });

  it('ends a header at an outer boundary', () => {
    const bytes = crlf(
      'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n--b\n\ntwo\n--b--\n',
    );
    const { root } = parseStructure(bytes);
    expect(outline(root)).toBe('multipart/mixed[text/html text/plain]');
    expect(bytes.toString('latin1', root.children![0]!.headerStart, root.children![0]!.bodyStart)).toBe(
      'Content-Type: text/html\r\n',
    );
  });

  it('finds the embedded message even if only its header, or nothing of it, is there', () => {
    expect(outline(parseStructure(crlf('Content-Type: message/rfc822\n\nSubject: x')).root)).toBe(
      'message/rfc822[text/plain]',
    );
    expect(outline(parseStructure(crlf('Content-Type: message/rfc822\n')).root)).toBe('message/rfc822[text/plain]');
  });

  it('does not open an encoded embedded message', () => {
    const bytes = crlf('Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAo=\n');
    expect(outline(parseStructure(bytes).root)).toBe('application/octet-stream');
  });

  it('takes a bare CR and NUL as text', () => {
    const bytes = crlf('Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\r--b\0\n--b--\n');
    const { root } = parseStructure(bytes);
    expect(body(bytes, root.children![0])).toBe('one\r--b\0');
  });
});

describe('limits of the structure parser', () => {
  it('makes what is nested too deep one opaque part', () => {
    let text = '';
    for (let depth = 0; depth < limits.mimeDepth + 20; depth++) {
      text += `Content-Type: multipart/mixed; boundary=b${depth}x\n\n--b${depth}x\n`;
    }
    const parts = everyPart(parseStructure(crlf(`${text}\nend\n`)).root);
    expect(parts).toHaveLength(limits.mimeDepth + 1);
    expect(parts.at(-1)).toMatchObject({ type: 'application', subtype: 'octet-stream' });
    const messages = 'Content-Type: message/rfc822\n\n'.repeat(limits.mimeDepth + 20);
    expect(everyPart(parseStructure(crlf(messages)).root)).toHaveLength(limits.mimeDepth + 1);
  });

  it('lets the last part take the rest when there are too many', () => {
    const bytes = crlf(
      `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(limits.mimeParts + 50)}--b--\nend\n`,
    );
    const { root } = parseStructure(bytes);
    expect(root.children).toHaveLength(limits.mimeParts - 1);
    checkRanges(root, 0, bytes.length);
  });

  it('looks at no more of a header than the limit, and finds its end all the same', () => {
    const bytes = crlf(
      `Subject: x\n${'X-Filler: aaaaaaaaaaaaaaaaaaaaa\n'.repeat(60_000)}From: late@example.org\n\nbody\n`,
    );
    const structure = parseStructure(bytes);
    expect(structure.envelope).toEqual({ subject: 'x' });
    expect(body(bytes, structure.root)).toBe('body\r\n');
    expect(inChunks(bytes, [65_536])).toEqual(structure);
  });

  it('keeps no more text than the limit, leaving out what is too long', () => {
    const value = 'a'.repeat(limits.structureTextBytes / 2 - 10);
    const structure = parseStructure(crlf(`Subject: ${value}\nFrom: ${value}\nTo: ${value}\nCc: c@d\n\n`));
    expect(Object.keys(structure.envelope)).toEqual(['subject', 'from', 'cc']);
  });
});
