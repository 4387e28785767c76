import { randomBytes } from 'node:crypto';

export interface MailToMake {
  readonly from?: string;
  readonly to?: string;
  /** UTF-8 in header and body. */
  readonly eightBit?: boolean;
  /** About this much body. */
  readonly bodyBytes?: number;
}

/** A message with a subject of its own, CRLF line ends, and lines that begin with dots. */
export function makeMail({ from = 'me@localhost', to = 'me@localhost', ...options }: MailToMake = {}): {
  subject: string;
  bytes: Buffer;
} {
  const subject = `peer-${randomBytes(9).toString('hex')}`;
  const lines = ['Hello,', '', '.', '..', '.dot first', 'trailing blank ', '', `-- ${'x'.repeat(70)}`];
  if (options.eightBit) lines.push('Grüße aus Köln: ぽすと');
  const filler = `${'All work and no play makes Jack a dull boy. '.repeat(2).slice(0, 76)}`;
  for (let size = 0; size < (options.bodyBytes ?? 0); size += filler.length + 2) lines.push(filler);
  const header = [
    `From: Me <${from}>`,
    `To: You <${to}>`,
    `Subject: ${subject}`,
    `Message-ID: <${subject}@peer.example>`,
    'Date: Fri, 20 Nov 2026 10:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${options.eightBit ? '8bit' : '7bit'}`,
  ];
  return { subject, bytes: Buffer.from(`${[...header, '', ...lines].join('\r\n')}\r\n`) };
}
