import type { SenderVerdict } from './sender-verdict.ts';

/**
 * What is known of the sender of a message that another server of the user has passed on: of that server and the sender that it names
 * nothing counts, nor that the author's domain, which knows nothing of it, would have it refused. Signatures prove what they do.
 */
export function forwardedSender(sender: SenderVerdict): SenderVerdict {
  const { dmarc, spf } = sender;
  return {
    ...sender,
    isForwarded: true,
    spf: { identity: spf.identity, domain: spf.domain, sender: spf.sender, result: 'none' },
    dmarc: dmarc.result === 'pass' ? dmarc : { ...dmarc, result: 'none' },
  };
}
