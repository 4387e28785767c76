import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStructure } from '../../message/structure-parser.ts';
import { ReportFormatError } from '../report-format-error.ts';
import { formatTlsReport } from './format-tls-report.ts';
import { parseTlsReport } from './parse-tls-report.ts';
import { readTlsReportMessage } from './read-tls-report.ts';
import { composeTlsReportMail } from './sending/compose-tls-report-mail.ts';
import type { TlsReport } from './tls-report.ts';

function sample(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, '../../../tests/data/tls-reports', name));
}

const report: TlsReport = {
  organization: 'a.example',
  contact: 'postmaster@a.example',
  reportId: 'abc@a.example',
  beginAt: Date.parse('2026-11-20T00:00:00Z'),
  endAt: Date.parse('2026-11-20T23:59:59Z'),
  policies: [
    {
      type: 'tlsa',
      domain: 'mx.b.example',
      strings: ['3 1 1 00'],
      mxHosts: [],
      successes: 3,
      failures: 1,
      details: [
        {
          type: 'certificate-not-trusted',
          sessions: 1,
          receivingHost: 'mx.b.example',
          receivingIp: '192.0.2.1',
          reason: 'no TLSA record matches the certificate',
        },
      ],
    },
  ],
};

describe('a report on TLS', () => {
  it('is read as the large providers write it', () => {
    const google = parseTlsReport(sample('google.json'));
    expect(google).toMatchObject({ organization: 'Google Inc.', beginAt: Date.parse('2026-11-20T00:00:00Z') });
    expect(google.policies[0]).toMatchObject({ type: 'sts', domain: 'example.org', successes: 31, failures: 2 });
    expect(google.policies[0]?.details).toEqual([
      {
        type: 'certificate-expired',
        sessions: 2,
        sendingIp: '209.85.128.1',
        receivingHost: 'mail.example.org',
        receivingIp: '192.0.2.1',
      },
    ]);
    const microsoft = parseTlsReport(sample('microsoft.json'));
    expect(microsoft.policies.map(({ type, domain, failures }) => [type, domain, failures])).toEqual([
      ['sts', 'example.org', 0],
      ['tlsa', 'mail.example.org', 1],
    ]);
    // The sample of the RFC has texts where its grammar has lists.
    const [policy] = parseTlsReport(sample('rfc8460.json')).policies;
    expect(policy).toMatchObject({ strings: ['version: STSv1'], mxHosts: ['*.mail.company-y.example'] });
    expect(policy?.details.map(({ sessions }) => sessions)).toEqual([100, 200, 3]);
  });

  it('is read as it was written, also out of its message', async () => {
    expect(parseTlsReport(Buffer.from(formatTlsReport(report)))).toEqual(report);
    const mail = await composeTlsReportMail({
      report,
      domain: 'b.example',
      uniqueId: 'abc',
      submitter: 'a.example',
      from: 'postmaster@a.example',
      to: ['tls-reports@b.example'],
      messageId: 'tls-report.abc@mx.a.example',
      dateMs: report.endAt,
    });
    expect(await readTlsReportMessage(mail, parseStructure(mail))).toEqual(report);
    const header = mail.toString().slice(0, mail.indexOf('\r\n\r\n'));
    expect(header).toContain('TLS-Report-Domain: b.example\r\nTLS-Report-Submitter: a.example\r\nTLS-Required: No\r\n');
    expect(header.replaceAll(/\r\n\s+/g, ' ')).toContain(
      'Content-Type: multipart/report; report-type="tlsrpt"; boundary=',
    );
    expect(mail.toString()).toContain('filename="a.example!b.example!1795132800!1795219199!abc.json.gz"');
  });

  it('is not what is no JSON, says no time or no policy, or has too many of them', () => {
    const { policies } = JSON.parse(formatTlsReport(report)) as { policies: unknown[] };
    const broken = [
      'x',
      '[]',
      '{}',
      JSON.stringify({ ...(JSON.parse(formatTlsReport(report)) as object), 'date-range': {} }),
      JSON.stringify({ ...(JSON.parse(formatTlsReport(report)) as object), policies: [{}] }),
      JSON.stringify({
        ...(JSON.parse(formatTlsReport(report)) as object),
        policies: Array.from({ length: 1001 }, () => policies[0]),
      }),
    ];
    for (const json of broken) expect(() => parseTlsReport(Buffer.from(json)), json).toThrow(ReportFormatError);
  });

  it('can hold anything, and is read or refused', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (a, b, c) => {
        const given = {
          'report-id': 'x',
          'date-range': { 'start-datetime': '2026-01-01T00:00:00Z', 'end-datetime': '2026-01-01T00:00:00Z' },
          'organization-name': a,
          policies: [
            {
              policy: { 'policy-domain': 'x.example', 'policy-string': b, 'mx-host': c },
              summary: a,
              'failure-details': b,
            },
            c,
          ],
        };
        try {
          const [policy] = parseTlsReport(Buffer.from(JSON.stringify(given))).policies;
          expect(policy?.domain).toBe('x.example');
          expect(Number.isSafeInteger(policy?.successes)).toBe(true);
        } catch (error) {
          if (!(error instanceof ReportFormatError)) throw error;
        }
      }),
    );
  });

  it('is not decompressed when it is a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, 0x20)).toString('base64');
    const mail = Buffer.from(
      `From: a@a.example\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n${bomb}\r\n`,
    );
    await expect(readTlsReportMessage(mail, parseStructure(mail))).rejects.toThrow('when they are decompressed');
  });
});
