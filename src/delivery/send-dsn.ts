import { randomBytes } from 'node:crypto';
import { composeDsn, type DsnRecipient } from '../message/compose-dsn.ts';
import type { Clock } from '../runtime/clock.ts';
import { formatAddress } from '../smtp/address.ts';
import { decodeXtext } from '../smtp/xtext.ts';
import type { Accounts } from '../store/accounts.ts';
import type { IncomingMessage, IncomingRecipient } from './incoming-message.ts';
import type { OutgoingQueue } from './outgoing-queue.ts';

interface DsnSenderOptions {
  readonly accounts: Pick<Accounts, 'startMessage'>;
  readonly queue: OutgoingQueue;
  readonly clock: Clock;
  /** Of this server. */
  readonly hostname: string;
}

/**
 * Tells the sender of a message what came of it. Nobody is told of a message with the null sender (RFC 5321 §6.1).
 * @param header of the original
 */
export async function sendDsn(
  options: DsnSenderOptions,
  message: IncomingMessage,
  header: Uint8Array,
  recipients: readonly DsnRecipient[],
): Promise<void> {
  const { envelope } = message;
  if (envelope.sender === undefined || recipients.length === 0) return;
  const id = randomBytes(12).toString('hex');
  const to = formatAddress(envelope.sender);
  const { messageId } = message.file.structure.envelope;
  const dsn = composeDsn({
    to,
    from: `postmaster@${options.hostname}`,
    messageId: `${id}@${options.hostname}`,
    dateMs: options.clock.now(),
    reportingMta: options.hostname,
    arrivedAtMs: message.receivedAt,
    recipients,
    original: { bytes: header, full: false },
    smtpUtf8: envelope.smtpUtf8,
    boundary: id,
    ...(envelope.envid === undefined ? {} : { originalEnvelopeId: decodeXtext(envelope.envid) ?? envelope.envid }),
    ...(messageId === undefined ? {} : { originalMessageId: messageId }),
  });
  await using intake = await options.accounts.startMessage();
  await intake.write(dsn);
  await using file = await intake.finish();
  await options.queue.submit({
    sender: '',
    recipients: [{ address: to }],
    file: await file.temporaryFile(),
    smtputf8: envelope.smtpUtf8,
    body: '8BITMIME',
    requireTls: envelope.requireTls,
    isDsn: true,
  });
}

/** What a DSN says of one recipient. */
export function reportOf(
  recipient: IncomingRecipient,
  outcome: Pick<DsnRecipient, 'action' | 'status' | 'diagnosticCode'>,
): DsnRecipient {
  const report = { finalRecipient: formatAddress(recipient.address), ...outcome };
  if (recipient.orcpt === undefined) return report;
  const [type, ...rest] = recipient.orcpt.split(';');
  const address = rest.join(';');
  return { ...report, originalRecipient: `${type};${decodeXtext(address) ?? address}` };
}
