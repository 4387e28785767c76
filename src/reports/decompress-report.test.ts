import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { decompressReport } from './decompress-report.ts';
import { ReportFormatError } from './report-format-error.ts';
import { makeZip } from './zip-fixture.ts';

const report = Buffer.from('<feedback/>');

describe('a report in a message', () => {
  it('is found in gzip, in zip, and as it is, whatever its name says', async () => {
    expect(await decompressReport(report)).toEqual(report);
    expect(await decompressReport(gzipSync(report))).toEqual(report);
    expect(await decompressReport(makeZip([{ name: 'a.xml', content: report }]))).toEqual(report);
    expect(await decompressReport(makeZip([{ name: 'a.xml', content: report, method: 0 }]))).toEqual(report);
    expect(await decompressReport(makeZip([{ name: 'no ending', content: report }], { comment: 'hello' }))).toEqual(
      report,
    );
    const several = [
      { name: 'd/', content: Buffer.alloc(0), method: 0 },
      { name: 'readme.txt', content: Buffer.from('x') },
      { name: 'd/A.XML', content: report },
    ];
    expect(await decompressReport(makeZip(several))).toEqual(report);
  });

  it.each([
    [
      'two files that are none',
      makeZip([1, 2].map((n) => ({ name: `${n}.txt`, content: report }))),
      'none is a report',
    ],
    ['encryption', makeZip([{ name: 'a.xml', content: report, flags: 1 }]), 'is encrypted'],
    ['a method nobody uses', makeZip([{ name: 'a.xml', content: report, method: 99 }]), 'uses method 99'],
    ['many entries', makeZip([{ name: 'a.xml', content: report }], { entries: 65_535 }), '65535 entries'],
    ['a directory that is not there', makeZip([{ name: 'a.xml', content: report }], { entries: 2 }), 'is damaged'],
    ['the end cut off', makeZip([{ name: 'a.xml', content: report }]).subarray(0, -5), 'is damaged'],
    ['gzip cut off', gzipSync(report).subarray(0, 15), 'is damaged'],
  ])('is refused with %s', async (_, bytes, message) => {
    await expect(decompressReport(bytes)).rejects.toThrow(message);
    await expect(decompressReport(bytes)).rejects.toThrow(ReportFormatError);
  });

  it('that becomes too large, or many times as large, is not decompressed to the end', async () => {
    const zeros = Buffer.alloc(limits.reportBytes + 1);
    for (const bomb of [gzipSync(zeros), makeZip([{ name: 'a.xml', content: zeros }])]) {
      expect(bomb.length).toBeLessThan(100_000);
      await expect(decompressReport(bomb)).rejects.toThrow('become more than');
    }
    const nearly = Buffer.alloc(limits.reportRatioFromBytes + 1);
    await expect(decompressReport(gzipSync(nearly))).rejects.toThrow(`more than ${limits.reportRatioFromBytes}`);
    expect(await decompressReport(gzipSync(nearly.subarray(1)))).toHaveLength(limits.reportRatioFromBytes);
    await expect(decompressReport(Buffer.alloc(limits.reportMessageBytes + 1))).rejects.toThrow(ReportFormatError);
  });

  it('that is any rubbish is refused or taken, and nothing else', async () => {
    const whole = makeZip([{ name: 'a.xml', content: report }]);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), async (at, byte, end) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        for (const each of [bytes, bytes.subarray(0, end)]) {
          await decompressReport(each).catch((error: unknown) => expect(error).toBeInstanceOf(ReportFormatError));
        }
      }),
    );
  });
});
