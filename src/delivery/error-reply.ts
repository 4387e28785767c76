import { RestanteError } from '../runtime/errors.ts';
import { SmtpError } from '../smtp/smtp-error.ts';

/** What the peer is told of each error of the store, by its code: RFC 5321 §4.2, RFC 3463 §3. */
const replies: Readonly<Record<string, readonly [replyCode: number, enhancedCode: string, publicText: string]>> = {
  'over-quota': [452, '4.2.2', 'The mailbox is full'],
  'message-too-large': [552, '5.3.4', 'The message is too large'],
  'disk-full': [452, '4.3.1', 'No space for the message at the moment'],
  'database-full': [452, '4.3.1', 'No space for the message at the moment'],
  // Somebody may be just about to mend the configuration: the address exists.
  'account-not-found': [451, '4.3.5', 'The mailbox cannot be opened at the moment'],
  'mailbox-not-found': [451, '4.3.5', 'The mailbox cannot be opened at the moment'],
  'mailbox-name': [451, '4.3.5', 'The mailbox cannot be opened at the moment'],
  'sending-limit-messages': [452, '4.7.1', 'Your account has sent as much as it may in 24 hours'],
  'sending-limit-recipients': [
    452,
    '4.7.1',
    'Your account has written to as many new recipients as it may in 24 hours',
  ],
  'cannot-sign': [552, '5.3.4', 'The header of the message is too long'],
  'store-limit': [452, '4.2.2', 'The mailbox is full'],
};

/**
 * The one place that says what SMTP peers are told of errors of storage, queue and delivery. An error that is not known here is
 * temporary, so that the message is kept by whoever has it and tried again.
 */
export function errorReply(error: unknown): SmtpError {
  if (error instanceof SmtpError) return error;
  const code = isDiskFull(error) ? 'disk-full' : error instanceof RestanteError ? error.code : '';
  const reply = Object.hasOwn(replies, code) ? replies[code] : undefined;
  const [replyCode, enhancedCode, publicText] = reply ?? [
    451,
    '4.3.0',
    'Something failed here, please try again later',
  ];
  return new SmtpError(replyCode, enhancedCode, publicText, {
    message: error instanceof Error ? error.message : String(error),
    hint: error instanceof RestanteError ? error.hint : undefined,
    cause: error,
  });
}

/** Whoever met it, and whatever it was wrapped in: the queue, the store or a temporary file found no space. */
function isDiskFull(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  }
  return false;
}
