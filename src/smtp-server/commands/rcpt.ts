import { relayDenied, unknownUser } from '../../delivery/expand-recipients.ts';
import { requestedReply } from '../../delivery/requested-reply.ts';
import { parseRcptCommand } from '../../smtp/rcpt-command.ts';
import { SmtpError } from '../../smtp/smtp-error.ts';
import { giveRequestedReply } from '../give-requested-reply.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.3 */
export async function rcpt(session: SmtpSession, argument: string): Promise<void> {
  const { transaction, server, listener } = session;
  const { options, limits } = server;
  if (transaction === undefined || transaction.chunked !== undefined) {
    throw new SmtpError(503, '5.5.1', 'MAIL comes first');
  }
  const { recipient, notify, orcpt } = parseRcptCommand(argument, transaction.mail.smtpUtf8);
  const { localpart, domain } = recipient;
  if (options.localServe && listener.kind === 'mx') await giveRequestedReply(session, requestedReply(localpart));
  const found = options.resolve(localpart, domain === '' ? undefined : domain);
  if (found.kind === 'unknownUser') throw unknownUser();
  if (found.kind === 'notLocal' && listener.kind === 'mx') throw relayDenied();
  // RFC 5321 §4.5.3.1.10: 452, so that the client sends the others with another transaction.
  if (transaction.recipients.length >= limits.smtpRecipients) throw new SmtpError(452, '4.5.3', 'Too many recipients');
  // A notification concerns one message, so has one recipient (RFC 3834 §4); spammers send with the null sender to many.
  if (transaction.mail.sender === undefined && transaction.recipients.length > 0) {
    throw new SmtpError(452, '4.5.3', 'Only one recipient for messages without sender');
  }
  transaction.recipients.push({
    address: recipient,
    ...(notify === undefined ? {} : { notify }),
    ...(orcpt === undefined ? {} : { orcpt }),
  });
  session.reply(250, '2.1.5', 'Recipient OK');
}
