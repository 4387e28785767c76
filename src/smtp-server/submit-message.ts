import { randomBytes } from 'node:crypto';
import { formatDate } from '../message/format-date.ts';
import { parseAddressList } from '../message/parse-address-list.ts';
import { formatAddress } from '../smtp/address.ts';
import { SmtpError } from '../smtp/smtp-error.ts';
import type { ReceivedFile } from '../store/messages/received-file.ts';
import type { SmtpSession } from './smtp-session.ts';
import type { Transaction } from './transaction.ts';

/**
 * Takes a message of a user: adds Message-ID and Date when they are missing, and hands it to the queue, also for recipients here. A
 * Bcc field is left as it is: the client sends each such recipient its own copy, or has removed the field (RFC 5322 §3.6.3).
 * @param trace Received field
 * @throws SmtpError
 * Source: RFC 6409 §6, §8
 */
export async function submitMessage(
  session: SmtpSession,
  { mail, recipients }: Transaction,
  file: ReceivedFile,
  trace: string,
  receivedAt: number,
): Promise<void> {
  const { options, limits } = session.server;
  const account = session.identity?.account;
  if (account === undefined) throw new SmtpError(530, '5.7.0', 'AUTH comes first');
  const { structure } = file;
  if (structure.receivedCount > limits.receivedFields) {
    throw new SmtpError(554, '5.4.6', 'The message has passed too many servers: it goes in circles');
  }
  checkFrom(account, structure, options.mayUseFrom);
  let prefix = trace;
  if (structure.envelope.messageId === undefined) {
    prefix += `Message-ID: <${randomBytes(16).toString('base64url')}@${options.hostname}>\r\n`;
  }
  if (structure.envelope.date === undefined) prefix += `Date: ${formatDate(receivedAt)}\r\n`;
  await options.queue.submit({
    sender: formatAddress(mail.sender),
    account,
    recipients: recipients.map(({ address, ...dsn }) => ({ address: formatAddress(address), ...dsn })),
    file: await file.temporaryFile(),
    prefix: Buffer.from(prefix),
    smtputf8: mail.smtpUtf8,
    body: mail.body,
    requireTls: mail.requireTls,
    ...(mail.ret === undefined ? {} : { ret: mail.ret }),
    ...(mail.envid === undefined ? {} : { envid: mail.envid }),
    ...(mail.holdUntil === undefined ? {} : { holdUntil: mail.holdUntil }),
  });
}

/** RFC 6409 §6.1: nobody writes in somebody else's name. */
function checkFrom(
  account: string,
  { fromCount, envelope }: ReceivedFile['structure'],
  mayUseFrom: (account: string, address: string) => boolean,
): void {
  const authors = parseAddressList(envelope.from ?? '');
  // RFC 5322 §3.6: exactly one field; with several, programs disagree on which counts.
  if (fromCount !== 1 || authors.length === 0)
    throw new SmtpError(550, '5.6.0', 'The message needs exactly one From field');
  for (const { localpart, domain } of authors) {
    if (!mayUseFrom(account, `${localpart}@${domain}`)) {
      throw new SmtpError(550, '5.7.1', 'The From address does not belong to your account');
    }
  }
}
