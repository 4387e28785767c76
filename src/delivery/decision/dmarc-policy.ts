import { SmtpError } from '../../smtp/smtp-error.ts';
import type { SenderVerdict } from '../sender-verdict.ts';
import type { Decision } from './decision.ts';

/**
 * What the author's domain asks for when it does not stand behind a message. A message that all recipients refuse is refused while the
 * sender's server still waits for the reply: nobody sends a DSN to an address that was forged.
 * Source: RFC 9989 §5.4
 */
export function dmarcPolicy({ dmarc }: Pick<SenderVerdict, 'dmarc'>): Decision | undefined {
  if (dmarc.result !== 'fail') return undefined;
  const detail = `${dmarc.domain} is not the sender, and its policy is ${dmarc.policy}`;
  if (dmarc.policy === 'quarantine') return { action: 'junk', reason: 'dmarc-quarantine', detail };
  if (dmarc.policy !== 'reject') return undefined;
  const error = new SmtpError(
    550,
    '5.7.1',
    `The message is not from ${dmarc.domain}, as neither SPF nor DKIM shows it: refused by the DMARC policy of the domain`,
  );
  return { action: 'refuse', reason: 'dmarc-reject', detail, error };
}
