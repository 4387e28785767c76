import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { formatField } from '../message/format-field.ts';

const gzipBytes = promisify(gzip);

/** What is the same of every message that brings a report: ASCII, a text for people, and the report as gzip. */
export async function composeReportMail(mail: {
  /** Fields that come first, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** `multipart/…` with its parameters but the boundary. */
  readonly type: string;
  readonly boundary: string;
  /** Lines. */
  readonly text: readonly string[];
  readonly report: string;
  readonly reportType: string;
  readonly fileName: string;
}): Promise<Buffer> {
  const { type, boundary, text, reportType, fileName } = mail;
  const attachment = (await gzipBytes(mail.report)).toString('base64');
  const header = [
    ...mail.fields,
    // RFC 3834 §5: whoever answers by itself should not answer this.
    ['Auto-Submitted', 'auto-generated'] as const,
    ['MIME-Version', '1.0'] as const,
    ['Content-Type', `${type}; boundary="${boundary}"`] as const,
  ].map(([name, value]) => formatField(name, value));
  return Buffer.from(
    `${header.join('')}
--${boundary}
Content-Type: text/plain; charset=us-ascii

${text.join('\n')}

--${boundary}
Content-Type: ${reportType}; name="${fileName}"
Content-Disposition: attachment; filename="${fileName}"
Content-Transfer-Encoding: base64

${(attachment.match(/.{1,76}/g) ?? []).join('\n')}
--${boundary}--
`.replace(/\r?\n/g, '\r\n'),
    'latin1',
  );
}
