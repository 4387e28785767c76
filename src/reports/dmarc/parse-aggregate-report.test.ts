import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StructureParser } from '../../message/structure-parser.ts';
import { limits } from '../../runtime/limits.ts';
import { ReportFormatError } from '../report-format-error.ts';
import type { AggregateReport } from './aggregate-report.ts';
import { formatAggregateReport } from './format-aggregate-report.ts';
import { parseAggregateReport } from './parse-aggregate-report.ts';
import { readReportMessage } from './read-report-message.ts';
import { decodeXml, readXmlChildren } from './xml-elements.ts';

const data = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../../../tests/data/dmarc-reports', name));
const parse = (name: string): Promise<AggregateReport> => parseAggregateReport(data(name));
const parseText = (text: string): Promise<AggregateReport> => parseAggregateReport(Buffer.from(text));

async function readMessage(bytes: Buffer): Promise<AggregateReport> {
  const parser = new StructureParser();
  parser.push(bytes);
  return await readReportMessage(bytes, parser.finish());
}

describe('aggregate reports', () => {
  it('of Google are read', async () => {
    expect(await parse('google.xml')).toEqual({
      orgName: 'google.com',
      email: 'noreply-dmarc-support@google.com',
      contact: 'https://support.google.com/a/answer/2466580',
      reportId: '4021337551289043771',
      beginAt: Date.UTC(2025, 10, 25),
      endAt: Date.UTC(2025, 10, 25, 23, 59, 59),
      errors: [],
      policy: {
        domain: 'example.org',
        policy: 'reject',
        subdomainPolicy: 'reject',
        nonexistentPolicy: 'reject',
        dkimAlignment: 'r',
        spfAlignment: 'r',
        percent: '100',
      },
      records: [
        {
          sourceIp: '192.0.2.25',
          count: 14,
          disposition: 'none',
          dkim: 'pass',
          spf: 'pass',
          reasons: [],
          headerFrom: 'example.org',
          dkimResults: [{ domain: 'example.org', selector: '2026a', result: 'pass' }],
          spfResults: [{ domain: 'example.org', result: 'pass' }],
        },
        {
          sourceIp: '2001:db8::5:25',
          count: 2,
          disposition: 'none',
          dkim: 'fail',
          spf: 'fail',
          reasons: [{ type: 'local_policy', comment: 'arc=pass' }],
          headerFrom: 'example.org',
          dkimResults: [
            { domain: 'lists.example.net', selector: 'k1', result: 'pass' },
            { domain: 'example.org', selector: '2026a', result: 'fail' },
          ],
          spfResults: [{ domain: 'lists.example.net', result: 'pass' }],
        },
      ],
    });
  });

  it('of others are read, with what is special about them', async () => {
    expect(await parse('yahoo.xml')).toMatchObject({ orgName: 'Yahoo', endAt: Date.UTC(2025, 10, 25, 23, 59, 59) });
    const microsoft = await parse('microsoft.xml');
    expect(microsoft.records).toMatchObject([
      { headerFrom: 'example.org', envelopeFrom: 'spam.example.net', envelopeTo: 'outlook.example', dkimResults: [] },
      { dkim: 'pass', spfResults: [{ domain: 'mail.example.org', scope: 'helo', result: 'temperror' }] },
    ]);
    expect(microsoft.records[1]).not.toHaveProperty('envelopeFrom');
    expect((await parse('mail-ru.xml')).records).toMatchObject([
      { count: 7, dkimResults: [{}, { selector: '2026b' }] },
    ]);
    expect(await parse('fastmail.xml')).toMatchObject({
      errors: ['There were 2 errors: "a & b"'],
      records: [
        {
          reasons: [{ type: 'mailing_list' }, { type: 'other', comment: 'sampled <out> & more' }],
          dkimResults: [{ humanResult: 'fail (body has been altered)' }],
          spfResults: [{ scope: 'mfrom' }, { scope: 'helo' }],
        },
      ],
    });
    expect(await parse('rfc9990.xml')).toMatchObject({
      policy: { policy: 'reject', nonexistentPolicy: 'quarantine', testing: 'y' },
      records: [{ disposition: 'pass', headerFrom: 'news.example.org', spfResults: [] }],
    });
  });

  it('are found in the messages that bring them', async () => {
    expect(await readMessage(data('google.eml'))).toEqual(await parse('google.xml'));
    expect(await readMessage(data('microsoft.eml'))).toEqual(await parse('microsoft.xml'));
    const named = (type: string, bytes: Buffer, name: string): Buffer =>
      Buffer.from(
        `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="${name}"\r\n\r\n${bytes.toString('base64')}\r\n`,
      );
    const yahoo = data('yahoo.xml');
    for (const message of [
      named('application/octet-stream', gzipSync(yahoo), 'Yahoo!example.org.xml.gz'),
      named('application/zip', gzipSync(yahoo), 'x'),
      named('text/xml', yahoo, 'x'),
      named('application/tar+gzip', gzipSync(yahoo), 'X.XML.GZ'),
    ]) {
      expect(await readMessage(message)).toMatchObject({ orgName: 'Yahoo' });
    }
    const forwarded = Buffer.concat([Buffer.from('Content-Type: message/rfc822\r\n\r\n'), data('google.eml')]);
    await expect(readMessage(forwarded)).rejects.toThrow('no part that could be one');
    await expect(readMessage(named('text/plain', yahoo, 'x.txt'))).rejects.toThrow('no part that could be one');
    await expect(readMessage(named('text/xml', Buffer.from('<a/>'), 'x'))).rejects.toThrow('no report of DMARC');
  });

  it('are read in other encodings too', async () => {
    const text = data('yahoo.xml').toString().replace('<org_name>Yahoo', '<org_name>Yahoo Ü');
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
    const latin1 = Buffer.from(text.replace('?>', ' encoding="ISO-8859-1"?>'), 'latin1');
    for (const bytes of [utf16, latin1, Buffer.from(`\ufeff${text}`)]) {
      expect(await parseAggregateReport(bytes)).toMatchObject({ orgName: 'Yahoo Ü' });
    }
  });

  it('that do not say what they must are refused', async () => {
    const good = data('yahoo.xml').toString();
    for (const [from, to] of [
      [/<report_id>.*<\/report_id>/, ''],
      [/<domain>example.org<\/domain>\s*<adkim>/, '<adkim>'],
      [/<begin>\d+/, '<begin>tomorrow'],
      [/<begin>\d+/, '<begin>99'],
      [/<end>\d+/, '<end>1764028799'],
      [/<source_ip>[^<]*/, '<source_ip>here'],
      [/<count>1/, '<count>-1'],
      [/<count>1/, '<count>1.5'],
      [/<report_metadata>[\s\S]*<\/report_metadata>/, ''],
      [/<policy_published>[\s\S]*<\/policy_published>/, ''],
    ] as const) {
      expect(good).toMatch(from);
      await expect(parseText(good.replace(from, to)), to).rejects.toThrow(ReportFormatError);
    }
  });

  it('that are written are read as they were', async () => {
    const text = fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .map((each) =>
        each
          .replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, '')
          .trim()
          .normalize(),
      )
      .filter((each) => each !== '');
    const word = fc.constantFrom('none', 'pass', 'fail', 'quarantine', 'reject', 'a&b<c>"d\'');
    const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const domain = fc.constantFrom('example.org', 'xn--bcher-kva.example', 'a.b.example.net');
    const seconds = fc.integer({ min: 1_000_000_000, max: 4_000_000_000 });
    const record = fc.record({
      sourceIp: fc.oneof(fc.ipV4(), fc.ipV6()),
      count: fc.nat(),
      disposition: word,
      dkim: word,
      spf: word,
      reasons: fc.array(fc.record({ type: word, comment: optional(text) }), { maxLength: 3 }),
      headerFrom: domain,
      envelopeFrom: optional(text),
      envelopeTo: optional(text),
      dkimResults: fc.array(
        fc.record({ domain, selector: optional(text), result: word, humanResult: optional(text) }),
        { maxLength: 3 },
      ),
      spfResults: fc.array(fc.record({ domain, scope: optional(word), result: word, humanResult: optional(text) }), {
        maxLength: 2,
      }),
    });
    const report = fc.record({
      orgName: text,
      email: text,
      contact: optional(text),
      reportId: text,
      errors: fc.array(text, { maxLength: 3 }),
      policy: fc.record({ domain, policy: optional(word), subdomainPolicy: optional(word), testing: optional(word) }),
      records: fc.array(record, { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(report, seconds, async (each, begin) => {
        const written = { ...each, beginAt: begin * 1000, endAt: begin * 1000 + 86_399_000 };
        // JSON leaves out what is undefined.
        expect(await parseText(formatAggregateReport(written))).toEqual(JSON.parse(JSON.stringify(written)));
      }),
    );
  });

  it('that are any rubbish are refused or read, and nothing else', async () => {
    const whole = data('fastmail.xml').toString();
    const piece = fc.constantFrom(
      '<',
      '>',
      '</',
      '&',
      '&amp',
      ';',
      '<!--',
      ']]>',
      '<![CDATA[',
      '<?',
      '"',
      '\0',
      '<record>',
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.nat(40), piece, async (at, length, inserted) => {
        const text = whole.slice(0, at) + inserted + whole.slice(at + length);
        await parseText(text).catch((error: unknown) => expect(error).toBeInstanceOf(ReportFormatError));
      }),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(parseAggregateReport(Buffer.from(bytes))).rejects.toThrow(ReportFormatError);
      }),
    );
  });
});

describe('the XML of a report', () => {
  const read = (text: string): unknown[] => [...readXmlChildren(text)];

  it('is read as elements with text', () => {
    expect(read(' <a x="1>2" y=\'3\'> t <!-- <b> --><b>x&#65;&#x42;<?pi ?>y</b><n:c n:q="" /></a> ')).toEqual([
      { name: 'b', text: 'xABy', children: [] },
      { name: 'c', text: '', children: [] },
    ]);
    expect(read('<a><b>AT&T &amp; co</b></a>')).toMatchObject([{ text: 'AT&T & co' }]);
    expect(decodeXml(Buffer.from([0xff, 0xfe, 0x3c, 0]))).toBe('<');
  });

  it.each([
    ['<a><b></a></b>', 'not open'],
    ['<a></a></a>', 'not open'],
    ['<a><b>', 'ends too early'],
    ['<a/><a/>', 'more than one root'],
    ['<a b=c/>', 'wrong tag'],
    ['<a <b/>', 'wrong tag'],
    ['hello', 'no XML|outside'],
    ['<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', 'document type declaration'],
    ['<a><b>&e;</b></a>', 'not defined'],
    ['<a><!ENTITY e SYSTEM "file:///etc/passwd"></a>', 'document type declaration'],
    [`<a><b>${'x'.repeat(limits.reportXmlText + 1)}</b></a>`, 'too long'],
    [`<a><b>${'<![CDATA[xxxx]]>'.repeat(limits.reportXmlText / 4 + 1)}</b></a>`, 'too long'],
    [`<a>${'<b>'.repeat(limits.reportXmlDepth)}`, 'nested too deep'],
    [`<a><b>${'<c/>'.repeat(limits.reportXmlElements)}</b></a>`, 'too many elements'],
  ])('%.60j is refused', (text, message) => {
    expect(() => read(text)).toThrow(ReportFormatError);
    expect(() => read(text)).toThrow(new RegExp(message));
  });

  it('takes time that grows with its length only', () => {
    const started = performance.now();
    for (const piece of ['<', '<a ', '<a b', '<!--', '&', '<a x="', '&#', '</', ' ', '<a x="y" ', '<![CDATA[']) {
      expect(() => read(piece.repeat(200_000))).toThrow(ReportFormatError);
      expect(() => read(`<a>${piece.repeat(200_000)}`)).toThrow(ReportFormatError);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
