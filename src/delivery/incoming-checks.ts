import { limits } from '../runtime/limits.ts';
import { SmtpError } from '../smtp/smtp-error.ts';
import type { IncomingMessage } from './incoming-message.ts';

/** Decides whether a message is taken at all. @throws SmtpError to refuse it for all recipients */
export type IncomingCheck = (message: IncomingMessage) => void | Promise<void>;

/** In the order in which they are made, before any recipient is looked at. */
export const incomingChecks: readonly IncomingCheck[] = [checkHops];

/** RFC 5321 §6.3: a message that has been through so many servers goes in circles. */
function checkHops({ file }: IncomingMessage): void {
  if (file.structure.receivedCount > limits.receivedFields) {
    throw new SmtpError(554, '5.4.6', 'The message has passed too many servers: it goes in circles');
  }
}
