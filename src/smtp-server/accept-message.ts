import { errorReply } from '../delivery/error-reply.ts';
import type { Envelope } from '../delivery/incoming-message.ts';
import type { Log } from '../runtime/log.ts';
import { formatAddress } from '../smtp/address.ts';
import type { ReceivedFile } from '../store/messages/received-file.ts';
import type { MessageReceiver } from './message-receiver.ts';
import type { SmtpSession } from './smtp-session.ts';
import { submitMessage } from './submit-message.ts';
import { traceField } from './trace-field.ts';
import type { Transaction } from './transaction.ts';

/** Takes a message over that has come in full, and replies. When it replies 250, the message is durable. @throws SmtpError */
export async function acceptMessage(
  session: SmtpSession,
  transaction: Transaction,
  receiver: MessageReceiver,
): Promise<void> {
  const { server, listener, connection, hello, remoteAddress, log } = session;
  const { options } = server;
  const { mail, recipients } = transaction;
  const id = server.receivedIds.next();
  try {
    const file = await receiver.finish();
    try {
      const receivedAt = options.clock.now();
      const submission = listener.kind === 'submission';
      const prefix = traceField({
        helloName: hello?.name ?? '',
        extended: hello?.extended === true,
        remoteAddress: submission ? undefined : remoteAddress,
        hostname: session.hostname,
        tls: connection.tls,
        authenticated: session.identity !== undefined,
        smtpUtf8: mail.smtpUtf8,
        id,
        recipient: recipients.length === 1 ? formatAddress(recipients[0].address) : undefined,
        receivedAt,
      });
      if (submission) await submitMessage(session, transaction, file, prefix, receivedAt);
      else {
        await options.delivery.receive({
          file,
          envelope: envelopeOf(mail),
          reception: {
            remoteAddress,
            ...(hello === undefined ? {} : { helloName: hello.name }),
            ...tlsFacts(session),
          },
          prefix: Buffer.from(prefix),
          receivedAt,
          recipients,
        });
      }
      log.info(
        { id, sender: formatAddress(mail.sender), recipients: recipients.length, bytes: file.sizeBytes },
        'message accepted',
      );
    } finally {
      // The client needn't wait until the name in tmp/ is gone.
      void removeName(file, log);
    }
  } catch (error) {
    const reply = errorReply(error);
    server.messages.add(1, { listener: listener.kind, code: String(reply.replyCode) });
    throw error;
  }
  server.messages.add(1, { listener: listener.kind, code: '250' });
  session.madeProgress();
  session.reply(250, '2.0.0', `Message accepted, id ${id}`);
}

function envelopeOf(mail: Transaction['mail']): Envelope {
  const { sender, smtpUtf8, body, requireTls, ret, envid } = mail;
  return {
    sender,
    smtpUtf8,
    body,
    requireTls,
    ...(ret === undefined ? {} : { ret }),
    ...(envid === undefined ? {} : { envid }),
  };
}

function tlsFacts({ connection }: SmtpSession): { tlsVersion?: string; tlsCipher?: string } {
  if (connection.tls === undefined) return {};
  const cipher = connection.tls.getCipher();
  return { tlsVersion: connection.tls.getProtocol() ?? cipher.version, tlsCipher: cipher.standardName ?? cipher.name };
}

async function removeName(file: ReceivedFile, log: Log): Promise<void> {
  try {
    await file[Symbol.asyncDispose]();
  } catch (error) {
    // What is left in tmp/ is removed at the next start.
    log.error({ err: error }, 'temporary file not removed');
  }
}
