import type { AttemptReply } from './queue.ts';

/**
 * What a failure says of the address itself. `hard`: that it does not exist, or takes no mail ever. `soft`: something is wrong with the
 * mailbox, its server or the way there, which may be mended. Undefined: it was about the message, about us, or our own doing.
 * Source: RFC 3463 §3, RFC 7505 §3
 */
export function bounceKind(reply: AttemptReply): 'hard' | 'soft' | undefined {
  if (reply.code < 400) return undefined;
  const [, subject = '', detail = ''] = reply.enhanced.split('.');
  // 1: mailbox does not exist; 3: bad address; 6: moved, no forwarding address; 10: null MX.
  if (subject === '1' && ['1', '3', '6', '10'].includes(detail)) return reply.code >= 500 ? 'hard' : 'soft';
  // Of what we say ourselves, only what we found out in DNS.
  if (reply.host === undefined) return subject === '1' || subject === '4' ? 'soft' : undefined;
  // 1, 2: address and mailbox; 4: network and routing; 0: not said.
  return ['0', '1', '2', '4'].includes(subject) ? 'soft' : undefined;
}
