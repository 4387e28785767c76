import { SmtpError } from '../../smtp/smtp-error.ts';

/** RFC 5321 §4.1.1.7 and §7.3: who is on a list is not told. */
export function expn(): void {
  throw new SmtpError(502, '5.7.2', 'Lists are not expanded here');
}
