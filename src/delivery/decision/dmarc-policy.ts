import { SmtpError } from '../../smtp/smtp-error.ts';
import type { SenderVerdict } from '../sender-verdict.ts';
import type { Decision } from './decision.ts';

/**
 * What the author's domain asks for when it does not stand behind a message. A message that all recipients refuse is refused while the
 * sender's server still waits for the reply: nobody sends a DSN to an address that was forged.
 * @returns undefined also when servers that are trusted vouch for the author
 * Source: RFC 9989 §5.4; RFC 8617 §7.2.1
 */
export function dmarcPolicy(sender: Pick<SenderVerdict, 'dmarc' | 'dmarcOverride'>): Decision | undefined {
  const { dmarc, dmarcOverride } = sender;
  if (dmarc.result !== 'fail' || dmarcOverride?.outcome === 'applies') return undefined;
  if (dmarcOverride?.outcome === 'unknown') {
    const detail = `${dmarc.domain} is not the sender, and who passed it on could not be found out: ${dmarcOverride.problem}`;
    const error = new SmtpError(451, '4.4.3', 'The ARC seals of the message cannot be verified now: try again later');
    return { action: 'refuse', reason: dmarc.policy === 'reject' ? 'dmarc-reject' : 'dmarc-quarantine', detail, error };
  }
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
