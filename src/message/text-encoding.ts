/**
 * The transfer encoding that text needs: quoted-printable for NUL, bare CR or LF and lines that SMTP doesn't carry, and for 8-bit
 * bytes unless they are allowed.
 * Source: RFC 2045 §2.7, §2.8
 */
export function textEncoding(body: Buffer, options: { allow8bit: boolean }): '7bit' | '8bit' | 'quoted-printable' {
  const text = body.toString('latin1');
  if (/[\x00]|\r(?!\n)|(?<!\r)\n|[^\n]{1000}/.test(text)) return 'quoted-printable';
  if (!/[\x80-\xFF]/.test(text)) return '7bit';
  return options.allow8bit ? '8bit' : 'quoted-printable';
}
