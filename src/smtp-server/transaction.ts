import type { IncomingRecipient } from '../delivery/incoming-message.ts';
import type { MailCommand } from '../smtp/mail-command.ts';
import type { ChunkedMessage } from './commands/bdat.ts';

/** What lies between MAIL and the end of the message. Source: RFC 5321 §3.3 */
export interface Transaction {
  readonly mail: MailCommand;
  readonly recipients: IncomingRecipient[];
  /** Once BDAT has come. */
  chunked: ChunkedMessage | undefined;
}
