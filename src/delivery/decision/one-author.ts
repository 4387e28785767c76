import { SmtpError } from '../../smtp/smtp-error.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import type { Decision } from './decision.ts';

/**
 * A message without a From field, or with several, is no message that anybody could answer for: programs show whichever they like.
 * Source: RFC 5322 §3.6; RFC 9989 §5.3.1
 */
export function oneAuthor({ file }: Pick<IncomingMessage, 'file'>): Decision | undefined {
  const { fromCount } = file.structure;
  if (fromCount === 1) return undefined;
  const detail = `${fromCount} From fields`;
  const error = new SmtpError(
    550,
    '5.6.0',
    `The message has ${fromCount === 0 ? 'no' : fromCount} From fields, and must have one`,
  );
  return { action: 'refuse', reason: 'no-author', detail, error };
}
