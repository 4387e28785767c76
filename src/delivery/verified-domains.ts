import type { SenderVerdict } from './sender-verdict.ts';

/** Domains that were shown to stand behind a message: by SPF, by a valid signature, or, for the author's, by DMARC. Each once. */
export function verifiedDomains({ spf, dkim, dmarc }: Pick<SenderVerdict, 'spf' | 'dkim' | 'dmarc'>): string[] {
  const domains = dkim.flatMap(({ result, signature }) =>
    result === 'pass' && signature !== undefined ? [signature.domain.toLowerCase()] : [],
  );
  if (spf.result === 'pass') domains.push(spf.domain.toLowerCase());
  if (dmarc.result === 'pass' && dmarc.domain !== undefined) domains.push(dmarc.domain);
  return [...new Set(domains)];
}
