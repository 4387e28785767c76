import { limits } from '../runtime/limits.ts';
import { MailboxNameError } from './store-errors.ts';

/**
 * Brings a mailbox name into the form that is stored: NFC, and `Inbox` for that name in any case, also as the first level.
 * @param name levels separated by `/`
 * @throws MailboxNameError for an empty name or level, control characters, and names beyond the limits
 * Source: RFC 9051 §5.1, RFC 5198 §2
 */
export function normaliseMailboxName(name: string): string {
  const normal = name.normalize('NFC');
  if (normal === '') throw new MailboxNameError(name, 'it is empty');
  if (Buffer.byteLength(normal) > limits.mailboxNameBytes) {
    throw new MailboxNameError(name, `it is longer than ${limits.mailboxNameBytes} bytes`);
  }
  // RFC 5198 §2: no C0, DEL, C1; line and paragraph separator too. Lone surrogates have no UTF-8.
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(normal) || !normal.isWellFormed()) {
    throw new MailboxNameError(name, 'it has control characters');
  }
  const levels = normal.split('/');
  if (levels.length > limits.mailboxDepth) {
    throw new MailboxNameError(name, `it has more than ${limits.mailboxDepth} levels`);
  }
  if (levels.includes('')) throw new MailboxNameError(name, 'it has an empty level');
  if (/^inbox$/i.test(levels[0]!)) levels[0] = 'Inbox';
  return levels.join('/');
}

/** @returns the name of the mailbox one level above, or undefined */
export function parentMailboxName(name: string): string | undefined {
  const end = name.lastIndexOf('/');
  return end < 0 ? undefined : name.slice(0, end);
}
