import type { Validation } from '../store/messages/new-message.ts';
import type { SenderVerdict } from './sender-verdict.ts';

/** What the verdicts on a sender say of each of its names, for the record of the message and for those who ask who wrote it. */
export function senderValidation({
  spf,
  dkim,
  dmarc,
  author,
}: Pick<SenderVerdict, 'spf' | 'dkim' | 'dmarc' | 'author'>): Validation {
  const dkimDomains = dkim.flatMap(({ result, signature }) =>
    result === 'pass' && signature !== undefined ? [signature.domain.toLowerCase()] : [],
  );
  const spfPasses = spf.result === 'pass';
  const isAligned =
    author !== undefined &&
    dmarc.result === 'none' &&
    ((spfPasses && spf.domain.toLowerCase() === author.domain) || dkimDomains.includes(author.domain));
  return {
    hello: spfPasses && spf.identity === 'helo' ? 'spf' : 'none',
    mailFrom: spfPasses && spf.identity === 'mailfrom' ? 'spf' : 'none',
    from: dmarc.result === 'pass' ? 'dmarc' : isAligned ? 'aligned' : 'none',
    ...(dmarc.organisation === undefined ? {} : { organisation: dmarc.organisation }),
    dkimDomains: [...new Set(dkimDomains)],
  };
}
